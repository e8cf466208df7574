/** One word of a POSIX shell, whatever it contains. */
export function quoteSh(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
