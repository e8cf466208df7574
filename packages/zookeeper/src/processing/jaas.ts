import { ConfigError } from "../config/config-error.ts";

// Source: the login configuration file of Java (com.sun.security.auth.login.ConfigFile), as far as ZooKeeper reads it.

export interface LoginModule {
  readonly className: string;
  /** required, requisite, sufficient or optional. */
  readonly flag: string;
  readonly options: ReadonlyMap<string, string>;
}

const FLAGS: ReadonlySet<string> = new Set(["required", "requisite", "sufficient", "optional"]);
const TEXT_MAX = 1 << 16;
export const DIGEST_LOGIN_MODULE = "org.apache.zookeeper.server.auth.DigestLoginModule";

/**
 * The sections (`Server`, `Client`, …) of a file named by `java.security.auth.login.config`, with their modules. A `ConfigError`
 * says the line where it is not understood.
 */
export function parseJaas(text: string): Map<string, LoginModule[]> {
  if (text.length > TEXT_MAX) throw new ConfigError(`a login configuration of ${text.length} characters`);
  const tokens = new Tokens(text);
  const sections = new Map<string, LoginModule[]>();
  while (!tokens.atEnd) {
    const name = tokens.word("a section's name");
    if (sections.has(name)) tokens.fail(`the section ${name} is there twice`);
    tokens.expect("{");
    const modules: LoginModule[] = [];
    while (!tokens.takes("}")) modules.push(readModule(tokens));
    if (!tokens.takes(";")) tokens.fail("a section ends with };");
    sections.set(name, modules);
  }
  return sections;
}

/** Passwords by user of a section's digest module: its options `user_<name>`. Undefined: no such section or module. */
export function digestUsers(
  sections: ReadonlyMap<string, readonly LoginModule[]>,
  section: string,
): Map<string, string> | undefined {
  const options = digestOptions(sections, section);
  if (options === undefined) return undefined;
  const users = new Map<string, string>();
  for (const [key, value] of options) if (key.startsWith("user_")) users.set(key.slice("user_".length), value);
  return users;
}

/** What a client's section logs in with. */
export function digestLogin(
  sections: ReadonlyMap<string, readonly LoginModule[]>,
  section: string,
): { readonly username: string; readonly password: string } | undefined {
  const options = digestOptions(sections, section);
  const username = options?.get("username");
  return username === undefined ? undefined : { username, password: options?.get("password") ?? "" };
}

function digestOptions(
  sections: ReadonlyMap<string, readonly LoginModule[]>,
  section: string,
): ReadonlyMap<string, string> | undefined {
  return sections.get(section)?.find((module) => module.className === DIGEST_LOGIN_MODULE)?.options;
}

function readModule(tokens: Tokens): LoginModule {
  const className = tokens.word("a login module");
  const flag = tokens.word("a control flag").toLowerCase();
  if (!FLAGS.has(flag)) tokens.fail(`${flag} is no control flag`);
  const options = new Map<string, string>();
  while (!tokens.takes(";")) {
    const key = tokens.word("an option or ;");
    tokens.expect("=");
    options.set(key, tokens.word(`the value of ${key}`));
  }
  return { className, flag, options };
}

const TOKEN = /\s+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\[^\n])*"|[^\s{};="/#]+|[\s\S]/y;
const PUNCTUATION: ReadonlySet<string> = new Set(["{", "}", ";", "="]);

class Tokens {
  readonly #text: string;
  #at = 0;
  /** As it stands in the text; undefined at the end. */
  #next: string | undefined;

  constructor(text: string) {
    this.#text = text;
    this.#advance();
  }

  get atEnd(): boolean {
    return this.#next === undefined;
  }

  takes(token: string): boolean {
    if (this.#next !== token) return false;
    this.#advance();
    return true;
  }

  expect(token: string): void {
    if (!this.takes(token)) this.fail(`${token} is missing before ${this.#next ?? "the end"}`);
  }

  /** A bare or quoted word, without its quotes. */
  word(what: string): string {
    const token = this.#next;
    if (token === undefined || PUNCTUATION.has(token)) return this.fail(`${what} is missing`);
    this.#advance();
    if (!token.startsWith('"')) return token;
    if (token.length < 2) return this.fail("a quote is not closed");
    return token.slice(1, -1).replaceAll(/\\(.)/g, (_whole, char: string) => ESCAPES.get(char) ?? char);
  }

  fail(problem: string): never {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    throw new ConfigError(`line ${line}: ${problem}`);
  }

  #advance(): void {
    for (;;) {
      TOKEN.lastIndex = this.#at;
      const [token] = TOKEN.exec(this.#text) ?? [];
      this.#next = token;
      if (token === undefined) return;
      this.#at += token.length;
      if (!/^(?:\s|\/\/|\/\*|#)/.test(token)) return;
    }
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
]);
