import { accessSync, constants } from "node:fs";

/** The server that the others are compared with. */
export const ORIGINAL = "/usr/sbin/nginx";

export function isOriginalInstalled(): boolean {
  try {
    accessSync(ORIGINAL, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
