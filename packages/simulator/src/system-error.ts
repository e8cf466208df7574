/** An error as Node makes them of failed system calls. */
export function systemError(code: string, syscall: string, subject: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} ${subject}`), { code, syscall });
}
