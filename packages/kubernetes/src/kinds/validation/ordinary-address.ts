import { invalid } from "../field-error.ts";
import type { FieldError } from "../kind.ts";
import { isIPv4, isIPv6 } from "./scalars.ts";

/**
 * Refuses addresses that mean something special. 127.0.0.0/8, which the original refuses as well, is where the pods of a
 * lab live.
 */
export function validateOrdinaryAddress(address: string, path: string): FieldError[] {
  if (!isIPv4(address) && !isIPv6(address)) return [invalid(path, address, "must be a valid IP address")];
  const errors: FieldError[] = [];
  const lower = address.toLowerCase();
  if (/^0\.0\.0\.0$|^(0{0,4}:){1,7}0{0,4}$/.test(lower))
    errors.push(invalid(path, address, `may not be unspecified (${address})`));
  if (/^(0{0,4}:){1,7}0{0,3}1$/.test(lower)) {
    errors.push(invalid(path, address, "may not be in the loopback range (127.0.0.0/8, ::1/128)"));
  }
  if (lower.startsWith("169.254.") || /^fe[89ab]/.test(lower)) {
    errors.push(invalid(path, address, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"));
  }
  if (lower.startsWith("224.0.0.") || /^ff[0-9a-f]2:/.test(lower)) {
    errors.push(invalid(path, address, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"));
  }
  return errors;
}
