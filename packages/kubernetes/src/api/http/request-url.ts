import type { IncomingMessage } from "node:http";

import { badRequest } from "../refusals.ts";

/** Path and query of a request; the host in it means nothing. Throws 400 for a target that is no path. */
export function requestUrl(request: IncomingMessage): URL {
  const target = request.url ?? "/";
  if (!target.startsWith("/")) throw badRequest("the request target is not a path");
  try {
    return new URL(`https://server${target.startsWith("//") ? `/.${target}` : target}`);
  } catch {
    throw badRequest("the request target is not a path");
  }
}
