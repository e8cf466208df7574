import type { Kind } from "../../kinds/kind.ts";
import type { WriteOptions } from "../request-options.ts";
import { StatusError } from "../status-error.ts";
import type { WritePipeline, Written } from "../write-pipeline.ts";
import type { PatchRequest } from "./apply-patch.ts";

export function serverSideApply(
  _pipeline: WritePipeline,
  _kind: Kind,
  _namespace: string,
  _name: string,
  _request: PatchRequest,
  _options: WriteOptions,
): { readonly written: Written; readonly created: boolean } {
  throw new StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}
