/**
 * Errors of the operating system in words a person can act on: what happened, to what, what to do next.
 */
interface Explanation {
  readonly happened: string;
  readonly next: string;
}

const EXPLANATIONS: ReadonlyMap<string, Explanation> = new Map([
  [
    "EADDRINUSE",
    { happened: "the address is already in use", next: "stop the program that holds it or choose another port" },
  ],
  [
    "EADDRNOTAVAIL",
    {
      happened: "this machine does not have that address",
      next: "choose an address that this machine has, such as 127.0.0.1",
    },
  ],
  [
    "EACCES",
    { happened: "permission denied", next: "choose a port from 1024 up, or a file or folder that this user may use" },
  ],
  ["EPERM", { happened: "operation not permitted", next: "run it as a user who may do this" }],
  ["ENOSPC", { happened: "no space left on the disk", next: "free some space and start again" }],
  ["EDQUOT", { happened: "the disk quota is used up", next: "free some space or raise the quota and start again" }],
  ["EROFS", { happened: "the file system is read-only", next: "choose a folder on a disk that can be written" }],
  ["ENOENT", { happened: "no such file or folder", next: "check the path" }],
  ["ENOTDIR", { happened: "a part of the path is not a folder", next: "check the path" }],
  ["EISDIR", { happened: "it is a folder, not a file", next: "check the path" }],
  ["EEXIST", { happened: "it exists already", next: "remove it or choose another name" }],
  [
    "EIO",
    {
      happened: "the disk reported an input/output error",
      next: "check the disk (dmesg) and restore the data from a copy",
    },
  ],
  ["EMFILE", { happened: "this process has too many open files", next: "raise the limit (ulimit -n)" }],
  ["ENFILE", { happened: "this machine has too many open files", next: "raise the limit (sysctl fs.file-max)" }],
  ["ECONNREFUSED", { happened: "connection refused", next: "check that the server is running there" }],
  ["ECONNRESET", { happened: "the other side ended the connection", next: "try again" }],
  ["ETIMEDOUT", { happened: "no answer in time", next: "check the address and the network" }],
  ["EHOSTUNREACH", { happened: "there is no way to that host", next: "check the address and the network" }],
  ["ENOTFOUND", { happened: "no such host name", next: "check the name" }],
]);

/** The port part of EACCES and the file part have different remedies; the system call tells which it was. */
function remedy(code: string, explanation: Explanation, syscall: unknown): string {
  if (code !== "EACCES") return explanation.next;
  if (syscall === "listen" || syscall === "bind") return "choose a port from 1024 up";
  return typeof syscall === "string" ? "choose a file or folder that this user may use" : explanation.next;
}

/**
 * One sentence about a failed system call.
 *
 * @param what what was being done, as a phrase: `listen on 127.0.0.1:6443`, `open the store in /home/a/.ordinal/store`
 */
export function explainSystemError(error: unknown, what: string): string {
  const code = systemErrorCode(error);
  const explanation = code === undefined ? undefined : EXPLANATIONS.get(code);
  if (code === undefined || explanation === undefined) {
    return `cannot ${what}: ${error instanceof Error ? error.message : String(error)}`;
  }
  const syscall = error instanceof Error && "syscall" in error ? error.syscall : undefined;
  return `cannot ${what}: ${explanation.happened} (${code}); ${remedy(code, explanation, syscall)}`;
}

/** What LevelDB leaves of errno is its text at the end of the message. */
const ERRNO_TEXTS: ReadonlyArray<readonly [text: string, code: string]> = [
  ["No space left on device", "ENOSPC"],
  ["Disk quota exceeded", "EDQUOT"],
  ["Permission denied", "EACCES"],
  ["Read-only file system", "EROFS"],
  ["Input/output error", "EIO"],
  ["Too many open files", "EMFILE"],
  ["No such file or directory", "ENOENT"],
  ["Not a directory", "ENOTDIR"],
];

/** The errno name (`ENOSPC`) behind an error or one of its causes, if there is one. */
export function systemErrorCode(error: unknown): string | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++) {
    if ("code" in cause && typeof cause.code === "string" && EXPLANATIONS.has(cause.code)) return cause.code;
    const { message } = cause;
    const known = ERRNO_TEXTS.find(([text]) => message.includes(text));
    if (known !== undefined) return known[1];
  }
  return undefined;
}
