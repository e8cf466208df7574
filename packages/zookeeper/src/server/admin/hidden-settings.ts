// The original shows them all, to whoever reaches the port.

/** Stands in the place of what the admin server does not tell. */
export const HIDDEN = "***";

const SECRET = /(?:password|superDigest)$/i;
/** A line of a properties file with such a name; its value may go on behind a backslash at the end of the line. */
const SECRET_LINE = /^([ \t]*[^\s#!=:]*(?:password|superDigest)[ \t]*[=: \t])(?:[^\\\r\n]|\\(?:\r\n|[\s\S]))*/gim;

/** Whether the value of this property lets its reader in somewhere. Not so the name of a file that holds a password. */
export function isSecret(name: string): boolean {
  return SECRET.test(name);
}

/** The text of a zoo.cfg, with what `isSecret` hidden. */
export function withoutSecrets(text: string): string {
  return text.replace(SECRET_LINE, `$1${HIDDEN}`);
}
