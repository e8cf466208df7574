// Rules and words of k8s.io/apimachinery/pkg/util/validation. Every function gives the problems found, none when valid.

const DNS_1123_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS_1123_SUBDOMAIN = `${DNS_1123_LABEL}(\\.${DNS_1123_LABEL})*`;
const DNS_1035_LABEL = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE = `(${QUALIFIED_NAME})?`;
const CONFIG_MAP_KEY = "[-._a-zA-Z0-9]+";
const HTTP_HEADER_NAME = "[-A-Za-z0-9]+";
const PERCENT = "[0-9]+%";

const LABEL_CHARACTERS_MAX = 63;
const SUBDOMAIN_CHARACTERS_MAX = 253;

export type NameRule = (name: string, isPrefix?: boolean) => string[];

export function dns1123Label(value: string): string[] {
  const problems = tooLong(value, LABEL_CHARACTERS_MAX);
  if (!matches(value, DNS_1123_LABEL)) {
    if (matches(value, DNS_1123_SUBDOMAIN)) problems.push("must not contain dots");
    else {
      const rule =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
      problems.push(regexProblem(rule, DNS_1123_LABEL, "my-name", "123-abc"));
    }
  }
  return problems;
}

export function dns1123Subdomain(value: string): string[] {
  const problems = tooLong(value, SUBDOMAIN_CHARACTERS_MAX);
  if (!matches(value, DNS_1123_SUBDOMAIN)) {
    const rule =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
    problems.push(regexProblem(rule, DNS_1123_SUBDOMAIN, "example.com"));
  }
  return problems;
}

function dns1035Label(value: string): string[] {
  const problems = tooLong(value, LABEL_CHARACTERS_MAX);
  if (!matches(value, DNS_1035_LABEL)) {
    const rule =
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
    problems.push(regexProblem(rule, DNS_1035_LABEL, "my-name", "abc-123"));
  }
  return problems;
}

/** A name with an optional prefix, as labels, annotations, resources and finalizers have: `example.com/MyName`. */
export function qualifiedName(value: string): string[] {
  const problems: string[] = [];
  const rule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  const parts = value.split("/");
  const name = parts.at(-1) ?? "";
  if (parts.length > 2) {
    return [
      `a qualified name ${regexProblem(rule, QUALIFIED_NAME, "MyName", "my.name", "123-abc")} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const [prefix] = parts;
  if (parts.length === 2 && prefix !== undefined) {
    if (prefix === "") problems.push("prefix part must be non-empty");
    else problems.push(...dns1123Subdomain(prefix).map((problem) => `prefix part ${problem}`));
  }
  if (name === "") problems.push("name part must be non-empty");
  else problems.push(...tooLong(name, LABEL_CHARACTERS_MAX).map((problem) => `name part ${problem}`));
  if (!matches(name, QUALIFIED_NAME)) {
    problems.push(`name part ${regexProblem(rule, QUALIFIED_NAME, "MyName", "my.name", "123-abc")}`);
  }
  return problems;
}

export function labelValue(value: string): string[] {
  const problems = tooLong(value, LABEL_CHARACTERS_MAX);
  if (!matches(value, LABEL_VALUE)) {
    const rule =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    problems.push(regexProblem(rule, LABEL_VALUE, "MyValue", "my_value", "12345"));
  }
  return problems;
}

export function configMapKey(value: string): string[] {
  const problems = tooLong(value, SUBDOMAIN_CHARACTERS_MAX);
  if (!matches(value, CONFIG_MAP_KEY)) {
    const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    problems.push(regexProblem(rule, CONFIG_MAP_KEY, "key.name", "KEY_NAME", "key-name"));
  }
  if (value === ".") problems.push("must not be '.'");
  else if (value === "..") problems.push("must not be '..'");
  else if (value.startsWith("..")) problems.push("must not start with '..'");
  return problems;
}

export function httpHeaderName(value: string): string[] {
  if (matches(value, HTTP_HEADER_NAME)) return [];
  return [
    regexProblem(
      "a valid HTTP header must consist of alphanumeric characters or '-'",
      HTTP_HEADER_NAME,
      "X-Header-Name",
    ),
  ];
}

export function percent(value: string): string[] {
  if (matches(value, PERCENT)) return [];
  return [
    regexProblem("a valid percent string must be a numeric string followed by an ending '%'", PERCENT, "1%", "93%"),
  ];
}

/** The name of an environment variable: any printable ASCII but `=`. */
export function environmentVariableName(value: string): string[] {
  if (value === "") return ["environment variable name must be non-empty"];
  if (/^[ -<>-~]+$/.test(value)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** The name of a container's port, as RFC 6335 has service names. */
export function portName(value: string): string[] {
  const problems = tooLong(value, 15);
  if (!/^[-a-z0-9]+$/.test(value))
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(value)) problems.push("must contain at least one letter (a-z)");
  if (value.includes("--")) problems.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) problems.push("must not begin or end with a hyphen");
  return problems;
}

export function portNumber(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : ["must be between 1 and 65535, inclusive"];
}

/** A path segment of a URL, the rule for names of objects that have no other (ConfigMap data keys are stricter). */
function pathSegment(value: string): string[] {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
}

/** For a `generateName`: what the random suffix will follow may end with a dash. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

function objectName(rule: (value: string) => string[]): NameRule {
  return (name, isPrefix = false) => rule(isPrefix ? maskTrailingDash(name) : name);
}

export const subdomainName: NameRule = objectName(dns1123Subdomain);
export const labelName: NameRule = objectName(dns1123Label);
export const serviceName: NameRule = objectName(dns1035Label);
export const segmentName: NameRule = objectName(pathSegment);

function tooLong(value: string, charactersMax: number): string[] {
  return Buffer.byteLength(value) > charactersMax ? [`must be no more than ${charactersMax} characters`] : [];
}

const compiled = new Map<string, RegExp>();

function matches(value: string, pattern: string): boolean {
  let regex = compiled.get(pattern);
  if (regex === undefined) compiled.set(pattern, (regex = new RegExp(`^${pattern}$`)));
  return regex.test(value);
}

function regexProblem(rule: string, pattern: string, ...examples: string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(" or ");
  return `${rule} (e.g. ${shown}regex used for validation is '${pattern}')`;
}
