import type { Node } from "kubernetes-types/core/v1.d.ts";

import type { FieldError } from "../kind.ts";
import { subdomainName } from "./names.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";

export function validateNode(object: Node): FieldError[] {
  return validateObjectMeta(object.metadata ?? {}, false, subdomainName);
}

export function validateNodeUpdate(object: Node, old: Node): FieldError[] {
  return validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {});
}
