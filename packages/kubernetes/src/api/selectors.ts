// Label and field selectors after k8s.io/apimachinery/pkg/labels and /fields: grammar, words of refusal, matching.
import { goQuote } from "../kinds/field-error.ts";
import type { Kind } from "../kinds/kind.ts";
import { matchesRequirement, type Requirement } from "../kinds/label-selector.ts";
import { labelValue, qualifiedName } from "../kinds/validation/names.ts";
import type { KubeObject } from "./object.ts";
import { badRequest } from "./refusals.ts";

/** Operators as the terms of selectors in objects name them. */
const OPERATORS: ReadonlyMap<string, string> = new Map([
  ["in", "In"],
  ["=", "In"],
  ["==", "In"],
  ["notin", "NotIn"],
  ["!=", "NotIn"],
  [">", "Gt"],
  ["<", "Lt"],
]);

export type Matcher = (object: KubeObject) => boolean;

/** A function that says whether an object has the labels. Throws 400 for text that is no selector. */
export function parseLabelSelector(text: string | undefined): Matcher {
  if (text === undefined || text === "") return () => true;
  const requirements = new LabelParser(text).parse();
  return (object) => requirements.every((requirement) => matchesRequirement(requirement, object.metadata.labels ?? {}));
}

/** Whether an empty selector, that is every object, is meant. */
export function isEverything(...selectors: readonly (string | undefined)[]): boolean {
  return selectors.every((selector) => selector === undefined || selector === "");
}

class LabelParser {
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const next = this.#peek();
      if (next === "") return requirements;
      if (next !== "!" && isSymbol(next)) {
        throw badRequest(`unable to parse requirement: found '${next}', expected: !, identifier, or ''`);
      }
      requirements.push(this.#requirement());
      const after = this.#next();
      if (after === "") return requirements;
      if (after !== ",") throw badRequest(`found '${after}', expected: ',' or 'end of string'`);
      const following = this.#peek();
      if (following === "" || (following !== "!" && isSymbol(following))) {
        throw badRequest(`found '${following}', expected: identifier after ','`);
      }
    }
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? "";
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? "";
  }

  #requirement(): Requirement {
    const absent = this.#peek() === "!";
    if (absent) this.#next();
    const key = this.#next();
    if (key === "" || isSymbol(key)) fail(`found '${key}', expected: identifier`);
    const keyProblem = qualifiedName(key)[0];
    if (keyProblem !== undefined) fail(`key: Invalid value: ${goQuote(key)}: ${keyProblem}`);
    if (absent) return { key, operator: "DoesNotExist" };
    const next = this.#peek();
    if (next === "" || next === ",") return { key, operator: "Exists" };
    const token = this.#next();
    const operator = OPERATORS.get(token);
    if (operator === undefined) return fail(`found '${token}', expected: in, notin, =, ==, !=, gt, lt`);
    const values = token === "in" || token === "notin" ? this.#set() : [this.#exactValue()];
    checkValues(key, operator, values);
    return { key, operator, values };
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next === "" || next === ",") return "";
    const value = this.#next();
    if (isSymbol(value)) return fail(`found '${value}', expected: identifier`);
    return value;
  }

  #set(): string[] {
    const open = this.#next();
    if (open !== "(") fail(`found '${open}', expected: '('`);
    const values: string[] = [];
    if (this.#peek() === ")") {
      this.#next();
      return [""];
    }
    for (;;) {
      const value = this.#peek();
      if (value === ",") {
        this.#next();
        values.push("");
        if (this.#peek() === ")") {
          this.#next();
          return [...new Set([...values, ""])].sort();
        }
        continue;
      }
      if (value === "" || isSymbol(value)) fail(`found '${value}', expected: ',', or identifier`);
      values.push(this.#next());
      const after = this.#next();
      if (after === ")") return [...new Set(values)].sort();
      if (after !== ",") fail(`found '${after}', expected: ',' or ')'`);
      if (this.#peek() === ")") {
        this.#next();
        return [...new Set([...values, ""])].sort();
      }
    }
  }
}

function checkValues(key: string, operator: string, values: readonly string[]): void {
  if ((operator === "Gt" || operator === "Lt") && !/^[+-]?\d+$/.test(values[0] ?? "")) {
    fail(
      `values[0]: Invalid value: ${goQuote(values[0] ?? "")}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  for (const [index, value] of values.entries()) {
    const problem = labelValue(value)[0];
    if (problem !== undefined) fail(`values[${index}][${key}]: Invalid value: ${goQuote(value)}: ${problem}`);
  }
}

function fail(why: string): never {
  throw badRequest(`unable to parse requirement: ${why}`);
}

function isSymbol(token: string): boolean {
  return /^[(),=!<>]+$/.test(token);
}

function tokenize(text: string): string[] {
  return text.match(/[(),]|[=!<>]+|[^\s(),=!<>]+/g) ?? [];
}

interface FieldRequirement {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/** Field selectors know `=`, `==` and `!=` on the kind's own labels. Throws 400 in the original's words. */
export function parseFieldSelector(kind: Kind, text: string | undefined): Matcher {
  if (text === undefined || text === "") return () => true;
  const requirements = splitTerms(text).map(parseTerm);
  const readers = requirements.map(({ field, equal, value }) => {
    const read = fieldReader(kind, field);
    return (object: KubeObject) => (read(object) === value) === equal;
  });
  return (object) => readers.every((reader) => reader(object));
}

/** The name that a field selector asks for, when it asks for one: such lists need not look at every object. */
export function selectedName(text: string | undefined): string | undefined {
  const match = /^metadata\.name==?([^,=!\\]+)$/.exec(text ?? "");
  return match?.[1];
}

function fieldReader(kind: Kind, field: string): (object: KubeObject) => string {
  if (field === "metadata.name") return (object) => object.metadata.name;
  if (field === "metadata.namespace" && kind.namespaced) return (object) => object.metadata.namespace ?? "";
  const own = kind.selectableFields ?? {};
  const read = Object.hasOwn(own, field) ? own[field] : undefined;
  if (read !== undefined) return read;
  // Kinds with fields of their own have a conversion function in the original, and so other words.
  if (Object.keys(own).length > 0) throw badRequest(`field label not supported: ${field}`);
  throw badRequest(`${goQuote(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);
}

function splitTerms(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\])+/gs) ?? []).filter((term) => term !== "");
}

function parseTerm(term: string): FieldRequirement {
  const match = /^((?:\\.|[^=!\\])*)(==|!=|=)(.*)$/s.exec(term);
  if (match === null) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  const [, field = "", operator = "", value = ""] = match;
  if (/(?<!\\)=/.test(value)) throw badRequest(`invalid field selector: invalid unescaped character in value '='`);
  return { field, equal: operator !== "!=", value: value.replace(/\\([\\,=])/g, "$1") };
}
