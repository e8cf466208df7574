import type { IncomingMessage } from "node:http";

import { JsonError, parseJson } from "../go-json.ts";
import { badRequest } from "../refusals.ts";
import type { RequestBody } from "../request-options.ts";
import { StatusError } from "../status-error.ts";

/** As the original limits them. */
const BODY_BYTES_MAX = 3 * 1024 * 1024;

/** The whole body. Throws 413 beyond the limit, and reads no further then. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const declared = Number(request.headers["content-length"] ?? "0");
  if (declared > BODY_BYTES_MAX) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): StatusError {
  return new StatusError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${BODY_BYTES_MAX}`, {});
}

/** Throws 400 in Go's words. */
export function parseBody(bytes: Buffer): RequestBody {
  try {
    return parseJson(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof JsonError) throw badRequest(error.message);
    throw error;
  }
}
