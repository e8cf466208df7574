import type { RequestBody, Subresource } from "../request-options.ts";

export interface PatchRequest {
  readonly type: "merge" | "json" | "strategic" | "apply";
  readonly body: RequestBody;
  readonly subresource?: Subresource;
}
