import type { StorageClass } from "kubernetes-types/storage/v1.d.ts";

import { forbidden, invalid, required, tooLong } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { immutable, semanticallyEqual } from "./immutable.ts";
import { qualifiedName, subdomainName } from "./names.ts";
import { validateLabelName, validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { absentOrOneOf, oneOf } from "./scalars.ts";

const PARAMETERS_BYTES_MAX = 256 * 1024;
const PARAMETERS_MAX = 512;

export function validateStorageClass(object: StorageClass): FieldError[] {
  const { provisioner, parameters = {}, allowedTopologies = [] } = object;
  const errors = validateObjectMeta(object.metadata ?? {}, false, subdomainName);
  if (provisioner === "") errors.push(required("provisioner"));
  else
    for (const problem of qualifiedName(provisioner.toLowerCase()))
      errors.push(invalid("provisioner", provisioner.toLowerCase(), problem));
  const pairs = Object.entries(parameters);
  const bytes = pairs.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (pairs.length > PARAMETERS_MAX) errors.push(tooLong("parameters", PARAMETERS_MAX));
  else {
    if (Object.hasOwn(parameters, "")) errors.push(invalid("parameters", "", "field can not be empty."));
    if (bytes > PARAMETERS_BYTES_MAX) errors.push(tooLong("parameters", PARAMETERS_BYTES_MAX));
  }
  errors.push(
    ...absentOrOneOf(object.reclaimPolicy, ["Delete", "Retain"], "reclaimPolicy"),
    ...oneOf(object.volumeBindingMode, ["Immediate", "WaitForFirstConsumer"], "volumeBindingMode"),
  );
  for (const [index, { matchLabelExpressions = [] }] of allowedTopologies.entries()) {
    for (const [place, { key, values }] of matchLabelExpressions.entries()) {
      const at = `allowedTopologies[${index}].matchLabelExpressions[${place}]`;
      if ((values ?? []).length === 0) errors.push(required(`${at}.values`));
      errors.push(...validateLabelName(key, `${at}.key`));
    }
  }
  return errors;
}

export function validateStorageClassUpdate(object: StorageClass, old: StorageClass): FieldError[] {
  const errors = validateObjectMetaUpdate(object.metadata ?? {}, old.metadata ?? {});
  for (const field of ["parameters", "provisioner", "reclaimPolicy"] as const) {
    if (!semanticallyEqual(object[field], old[field]))
      errors.push(forbidden(field, `updates to ${field} are forbidden.`));
  }
  return [...errors, ...immutable(object.volumeBindingMode, old.volumeBindingMode, "volumeBindingMode")];
}
