/** The flags of nginx (src/core/nginx.c, ngx_get_options). */

export interface CliOptions {
  readonly showHelp: boolean;
  readonly showVersion: boolean;
  readonly showConfigure: boolean;
  readonly test: boolean;
  readonly dump: boolean;
  readonly quiet: boolean;
  readonly signal: "stop" | "quit" | "reopen" | "reload" | undefined;
  readonly prefix: string | undefined;
  readonly config: string | undefined;
  readonly errorLog: string | undefined;
  readonly directives: string | undefined;
}

export class OptionError extends Error {
  readonly code = "OptionError";
}

type Writable = { -readonly [K in keyof CliOptions]: CliOptions[K] };

/** Flags may be written together (`-tq`) and values glued on (`-c/etc/x`). Throws OptionError in nginx's words. */
export function parseOptions(args: readonly string[]): CliOptions {
  const options: Writable = {
    showHelp: false,
    showVersion: false,
    showConfigure: false,
    test: false,
    dump: false,
    quiet: false,
    signal: undefined,
    prefix: undefined,
    config: undefined,
    errorLog: undefined,
    directives: undefined,
  };
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? "";
    if (!word.startsWith("-")) throw new OptionError(`invalid option: "${word}"`);
    for (let at = 1; at < word.length; at++) {
      const letter = word.charAt(at);
      if (setFlag(options, letter)) continue;
      const what = VALUES.get(letter);
      if (what === undefined) throw new OptionError(`invalid option: "${word.slice(at)}"`);
      let value = word.slice(at + 1);
      if (value === "") value = args[++i] ?? "";
      if (value === "") throw new OptionError(`option "-${letter}" requires ${what}`);
      setValue(options, letter, value);
      break;
    }
  }
  return options;
}

function setFlag(options: Writable, letter: string): boolean {
  switch (letter) {
    case "?":
    case "h":
      options.showVersion = true;
      options.showHelp = true;
      return true;
    case "v":
      options.showVersion = true;
      return true;
    case "V":
      options.showVersion = true;
      options.showConfigure = true;
      return true;
    case "t":
      options.test = true;
      return true;
    case "T":
      options.test = true;
      options.dump = true;
      return true;
    case "q":
      options.quiet = true;
      return true;
    default:
      return false;
  }
}

const VALUES: ReadonlyMap<string, string> = new Map([
  ["p", "directory name"],
  ["e", "file name"],
  ["c", "file name"],
  ["g", "parameter"],
  ["s", "parameter"],
]);

function setValue(options: Writable, letter: string, value: string): void {
  switch (letter) {
    case "p":
      options.prefix = value;
      break;
    case "e":
      options.errorLog = value;
      break;
    case "c":
      options.config = value;
      break;
    case "g":
      options.directives = value;
      break;
    default:
      if (value !== "stop" && value !== "quit" && value !== "reopen" && value !== "reload")
        throw new OptionError(`invalid option: "-s ${value}"`);
      options.signal = value;
  }
}

export const HELP =
  "Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]\n" +
  "             [-e filename] [-c filename] [-g directives]\n\n" +
  "Options:\n" +
  "  -?,-h         : this help\n" +
  "  -v            : show version and exit\n" +
  "  -V            : show version and configure options then exit\n" +
  "  -t            : test configuration and exit\n" +
  "  -T            : test configuration, dump it and exit\n" +
  "  -q            : suppress non-error messages during configuration testing\n" +
  "  -s signal     : send signal to a master process: stop, quit, reopen, reload\n";
