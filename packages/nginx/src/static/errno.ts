/** Errors of the system as the C library words them, which is how the error log shows them: `2: No such file or directory`. */
import { constants } from "node:os";

const WORDS: ReadonlyMap<string, string> = new Map([
  ["EPERM", "Operation not permitted"],
  ["ENOENT", "No such file or directory"],
  ["EIO", "Input/output error"],
  ["ENXIO", "No such device or address"],
  ["EACCES", "Permission denied"],
  ["EEXIST", "File exists"],
  ["ENOTDIR", "Not a directory"],
  ["EISDIR", "Is a directory"],
  ["EINVAL", "Invalid argument"],
  ["ENFILE", "Too many open files in system"],
  ["EMFILE", "Too many open files"],
  ["ENOSPC", "No space left on device"],
  ["EROFS", "Read-only file system"],
  ["EPIPE", "Broken pipe"],
  ["ENAMETOOLONG", "File name too long"],
  ["ELOOP", "Too many levels of symbolic links"],
  ["EADDRINUSE", "Address already in use"],
  ["EADDRNOTAVAIL", "Cannot assign requested address"],
  ["EAFNOSUPPORT", "Address family not supported by protocol"],
  ["ECONNRESET", "Connection reset by peer"],
  ["ETIMEDOUT", "Connection timed out"],
  ["ESRCH", "No such process"],
]);

export function describeErrno(code: string): string {
  const number = (constants.errno as Readonly<Record<string, number>>)[code];
  return `${number ?? 0}: ${WORDS.get(code) ?? code}`;
}
