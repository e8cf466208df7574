// The refusals of the API in the words of k8s.io/apimachinery/pkg/api/errors.
import { fieldErrorBody, fieldErrorMessage, fieldErrorReason } from "../kinds/field-error.ts";
import type { FieldError, Kind } from "../kinds/kind.ts";
import { StatusError, type StatusCause, type StatusDetails } from "./status-error.ts";

/** Names a resource in errors: `statefulsets.apps`, `pods`. */
export function qualifiedResource(kind: Pick<Kind, "group" | "resource">): string {
  return kind.group === "" ? kind.resource : `${kind.resource}.${kind.group}`;
}

function resourceDetails(kind: Kind, name: string): StatusDetails {
  return { name, ...(kind.group !== "" && { group: kind.group }), kind: kind.resource };
}

export function notFound(kind: Kind, name: string): StatusError {
  return new StatusError(
    404,
    "NotFound",
    `${qualifiedResource(kind)} "${name}" not found`,
    resourceDetails(kind, name),
  );
}

export function alreadyExists(kind: Kind, name: string): StatusError {
  const message = `${qualifiedResource(kind)} "${name}" already exists`;
  return new StatusError(409, "AlreadyExists", message, resourceDetails(kind, name));
}

export function conflict(kind: Kind, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualifiedResource(kind)} "${name}": ${why}`;
  return new StatusError(409, "Conflict", message, resourceDetails(kind, name));
}

export const MODIFIED = "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(kind: Kind, name: string, why: string, causes?: readonly StatusCause[]): StatusError {
  const which =
    name === "" ? `${qualifiedResource(kind)} is forbidden` : `${qualifiedResource(kind)} "${name}" is forbidden`;
  return new StatusError(403, "Forbidden", `${which}: ${why}`, {
    ...resourceDetails(kind, name),
    ...(causes && { causes }),
  });
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

/** 422 for one or more problems of fields. */
export function invalid(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const texts = [...new Set(errors.map(fieldErrorMessage))];
  const which = `${kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`} "${name}"`;
  const text = texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
  return new StatusError(422, "Invalid", `${which} is invalid: ${text}`, {
    name,
    ...(kind.group !== "" && { group: kind.group }),
    kind: kind.kind,
    causes: errors.map((error) => ({
      reason: fieldErrorReason(error),
      message: fieldErrorBody(error),
      field: error.path,
    })),
  });
}

/** 422 that a patch gives when it does not fit the object: without any details, as the original. */
export function unprocessablePatch(): StatusError {
  return new StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {});
}
