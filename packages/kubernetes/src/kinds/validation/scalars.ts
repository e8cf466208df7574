import { invalid, notSupported, required } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { dns1123Label, dns1123Subdomain, portName, portNumber } from "./names.ts";

// Rules for single values that many kinds share.

export function nonNegative(value: number | undefined, path: string): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(path, value, "must be greater than or equal to 0")] : [];
}

/** A required field with a closed set of values. */
export function oneOf(value: string | undefined, supported: readonly string[], path: string): FieldError[] {
  if (value === undefined || value === "") return [required(path)];
  return supported.includes(value) ? [] : [notSupported(path, value, supported)];
}

/** As `oneOf` for a field that may be absent. */
export function absentOrOneOf(value: string | undefined, supported: readonly string[], path: string): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(path, value, supported)];
}

export function label(value: string, path: string): FieldError[] {
  return dns1123Label(value).map((problem) => invalid(path, value, problem));
}

export function subdomain(value: string, path: string): FieldError[] {
  return dns1123Subdomain(value).map((problem) => invalid(path, value, problem));
}

export function requiredLabel(value: string | undefined, path: string): FieldError[] {
  return value === undefined || value === "" ? [required(path)] : label(value, path);
}

export function portNumberOrName(port: number | string, path: string): FieldError[] {
  const problems = typeof port === "number" ? portNumber(port) : portName(port);
  return problems.map((problem) => invalid(path, port, problem));
}

export function userOrGroup(id: number | undefined, path: string): FieldError[] {
  return id === undefined || (id >= 0 && id <= 2_147_483_647)
    ? []
    : [invalid(path, id, "must be between 0 and 2147483647, inclusive")];
}

export function ipAddress(address: string, path: string): FieldError[] {
  return isIPv4(address) || isIPv6(address)
    ? []
    : [invalid(path, address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
}

export function isIPv4(address: string): boolean {
  const parts = address.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

export function isIPv6(address: string): boolean {
  if (!address.includes(":") || !/^[0-9a-fA-F:.]+$/.test(address)) return false;
  const [head = "", tail, more] = address.split("::");
  if (more !== undefined) return false;
  const groups = (text: string): number => {
    if (text === "") return 0;
    const parts = text.split(":");
    let count = 0;
    for (const [index, part] of parts.entries()) {
      if (part.includes(".")) {
        if (index !== parts.length - 1 || !isIPv4(part)) return Number.NaN;
        count += 2;
      } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) count++;
      else return Number.NaN;
    }
    return count;
  };
  return tail === undefined ? groups(head) === 8 : groups(head) + groups(tail) <= 7;
}

const FILE_MODE_MAX = 0o777;

export function fileMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= FILE_MODE_MAX)) return [];
  return [invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")];
}

export function requiredText(value: string | undefined, path: string): FieldError[] {
  return value === undefined || value === "" ? [required(path)] : [];
}

/** A path inside a volume: relative, and not upwards. */
export function descendingPath(target: string, path: string): FieldError[] {
  const absolute = target.startsWith("/") ? [invalid(path, target, "must be a relative path")] : [];
  return [...absolute, ...noBacksteps(target, path)];
}

export function noBacksteps(target: string, path: string): FieldError[] {
  return target.split("/").includes("..") ? [invalid(path, target, "must not contain '..'")] : [];
}

/** A file that a volume makes: names that start with two dots are the volume's own. */
export function ownPath(target: string, path: string): FieldError[] {
  const errors = descendingPath(target, path);
  if (target.startsWith("..") && !target.startsWith("../"))
    errors.push(invalid(path, target, "must not start with '..'"));
  return errors;
}
