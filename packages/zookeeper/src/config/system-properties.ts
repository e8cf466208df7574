/**
 * Java system properties: what `-Dname=value` in SERVER_JVMFLAGS, JVMFLAGS or on the command line says, and what zoo.cfg adds
 * under `zookeeper.`.
 *
 * Source: java.lang.Integer.getInteger, java.lang.Boolean.getBoolean.
 */
export type SystemProperties = ReadonlyMap<string, string>;

/** The `-D` arguments of a list; what else a JVM would take (`-Xmx1g`, `-XX:…`) is not for us and skipped. */
export function parseJvmFlags(flags: readonly string[]): Map<string, string> {
  const properties = new Map<string, string>();
  for (const flag of flags) {
    if (!flag.startsWith("-D")) continue;
    const equals = flag.indexOf("=");
    const name = equals < 0 ? flag.slice(2) : flag.slice(2, equals);
    if (name !== "") properties.set(name, equals < 0 ? "" : flag.slice(equals + 1));
  }
  return properties;
}

/** Words of an environment variable as an unquoted `$JVMFLAGS` gives them to a command. */
export function splitFlags(text: string | undefined): string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

/** As `Integer.getInteger` and `Long.getLong`: decimal, `0x` or `#` hexadecimal, leading `0` octal; else the fallback. */
export function integerProperty(properties: SystemProperties, name: string, fallback: number): number {
  const text = properties.get(name);
  const value = text === undefined ? undefined : decodeInteger(text.trim());
  return value ?? fallback;
}

/** As `Boolean.parseBoolean(System.getProperty(name, fallback))`: whatever is said and is not `true` is false. */
export function booleanProperty(properties: SystemProperties, name: string, fallback: boolean): boolean {
  const text = properties.get(name);
  return text === undefined ? fallback : text.trim().toLowerCase() === "true";
}

function decodeInteger(text: string): number | undefined {
  const match = /^([+-]?)(?:(?:0[xX]|#)([0-9a-fA-F]+)|(0[0-7]+)|(\d+))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, octal, decimal] = match;
  const size =
    hex === undefined ? Number.parseInt(octal ?? decimal ?? "", octal === undefined ? 10 : 8) : Number(`0x${hex}`);
  if (!Number.isSafeInteger(size)) return undefined;
  return sign === "-" ? -size : size;
}
