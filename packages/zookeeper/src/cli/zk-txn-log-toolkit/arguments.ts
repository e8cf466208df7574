// Source: org.apache.zookeeper.server.persistence.TxnLogToolkit.parseCommandLine; org.apache.commons.cli.DefaultParser.

const LONG_NAMES = {
  c: "chop",
  d: "dump",
  h: "help",
  r: "recover",
  v: "verbose",
  y: "yes",
  z: "zxid",
} as const;
type Option = keyof typeof LONG_NAMES;

export const USAGE = `usage: TxnLogToolkit [-dhrvc] <txn_log_file_name> (-z <zxid>)
 -c,--chop         Chop mode. Chop txn file to a zxid.
 -d,--dump         Dump mode. Dump all entries of the log file with printing the content of a nodepath (default)
 -h,--help         Print help message
 -r,--recover      Recovery mode. Re-calculate CRC for broken entries.
 -v,--verbose      Be verbose in recovery mode: print all entries, not just fixed ones.
 -y,--yes          Non-interactive mode: repair all CRC errors without asking
 -z,--zxid <arg>   Used with chop. Zxid to which to chop.`;

export interface ToolkitArguments {
  readonly file: string | undefined;
  readonly isHelp: boolean;
  readonly recovers: boolean;
  readonly isVerbose: boolean;
  /** Repairs without asking. */
  readonly saysYes: boolean;
  /** Copies the log up to this zxid instead of printing it; as it was written. */
  readonly chopTo: string | undefined;
}

/** The command line is none. The message is the original's. */
export class ArgumentError extends Error {}

/** Options may stand anywhere, be joined (`-ry`), and be written out in part (`--rec`). Throws an `ArgumentError`. */
export function parseToolkitArguments(args: readonly string[]): ToolkitArguments {
  const given = new Map<Option, string>();
  const files: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "--") {
      files.push(...args.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      files.push(word);
      continue;
    }
    for (const { option, value } of optionsIn(word)) {
      if (option !== "z") given.set(option, "");
      else {
        const zxid = value ?? args[++at];
        if (zxid === undefined) throw new ArgumentError("Missing argument for option: z");
        given.set("z", zxid);
      }
    }
  }
  return {
    file: files[0],
    isHelp: given.has("h"),
    recovers: given.has("r"),
    isVerbose: given.has("v"),
    saysYes: given.has("y"),
    chopTo: given.has("c") ? given.get("z") : undefined,
  };
}

interface GivenOption {
  readonly option: Option;
  readonly value: string | undefined;
}

function optionsIn(word: string): GivenOption[] {
  const [name = "", ...rest] = word.replace(/^--?/, "").split("=");
  const value = rest.length > 0 ? rest.join("=") : undefined;
  const long = isOption(name) && !word.startsWith("--") ? name : longOption(name);
  if (long !== undefined) {
    if (value !== undefined && long !== "z") throw new ArgumentError(`Unrecognized option: ${word}`);
    return [{ option: long, value }];
  }
  if (word.startsWith("--")) throw new ArgumentError(`Unrecognized option: ${word}`);
  return joined(word);
}

/** No two of them begin with the same letter, so any beginning is enough. */
function longOption(name: string): Option | undefined {
  if (name === "") return undefined;
  const found = Object.entries(LONG_NAMES).find(([, long]) => long.startsWith(name))?.[0];
  return found !== undefined && isOption(found) ? found : undefined;
}

function joined(word: string): GivenOption[] {
  const options: GivenOption[] = [];
  for (let at = 1; at < word.length; at++) {
    const option = word[at] ?? "";
    if (!isOption(option)) throw new ArgumentError(`Unrecognized option: ${word}`);
    const value = word.slice(at + 1);
    if (option === "z" && value !== "") return [...options, { option, value }];
    options.push({ option, value: undefined });
  }
  return options;
}

function isOption(name: string): name is Option {
  return Object.hasOwn(LONG_NAMES, name);
}

/**
 * A zxid as Java's `Long.decode` reads it: decimal, or hexadecimal after `0x` or `#`, or octal after `0`. Undefined for what is
 * none.
 */
export function decodeLong(text: string): bigint | undefined {
  const [, sign = "", prefix = "", digits = ""] = /^([+-]?)(0[xX]|#|0(?=.))?([0-9a-fA-F]+)$/.exec(text) ?? [];
  const radix = prefix === "" ? 10 : prefix === "0" ? 8 : 16;
  if (digits === "" || ![...digits].every((digit) => Number.parseInt(digit, radix) >= 0)) return undefined;
  const magnitude = radix === 16 ? BigInt(`0x${digits}`) : radix === 8 ? BigInt(`0o${digits}`) : BigInt(digits);
  const value = sign === "-" ? -magnitude : magnitude;
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
