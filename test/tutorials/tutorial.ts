import { readFileSync } from "node:fs";

import { parse } from "yaml";

/** A tutorial as data: see the head of section-1.yaml for what each field means. */
export interface Tutorial {
  readonly title: string;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly id: string;
  readonly terminal: "A" | "B" | "shell";
  readonly command: string;
  readonly fresh?: boolean;
  readonly watch?: string;
  readonly capture?: Readonly<Record<string, string>>;
  readonly expects: readonly Outcome[];
  readonly relaxed?: string;
  readonly processes?: string;
  readonly compose?: {
    readonly command: string;
    readonly expects: readonly Outcome[];
    /** The containers have just been made: tried until it holds. */
    readonly again?: boolean;
  };
}

export interface Outcome {
  readonly says: string;
  readonly check: Check;
}

export interface Check {
  readonly exit?: number;
  readonly lines?: readonly string[];
  readonly rows?: readonly string[];
  readonly match?: string;
  readonly stderr?: string;
  readonly prompt?: boolean;
  readonly quiet?: boolean;
  readonly watch?: WatchCheck;
  readonly probe?: {
    readonly command: string;
    readonly lines?: readonly string[];
    readonly match?: string;
    readonly once?: boolean;
  };
}

export interface WatchCheck {
  readonly order?: readonly string[];
  readonly all?: readonly string[];
  readonly never?: readonly string[];
  readonly after?: { readonly row: string; readonly first: string };
  readonly together?: { readonly rows: readonly string[]; readonly before: string };
}

const CHECKS = ["exit", "lines", "rows", "match", "stderr", "prompt", "quiet", "watch", "probe"];

/** Reads a tutorial; an outcome without a check, or with one that nobody performs, is an error here and not a silent pass. */
export function loadTutorial(file: URL): Tutorial {
  const tutorial = parse(readFileSync(file, "utf8")) as Tutorial;
  for (const step of tutorial.steps)
    for (const outcome of [...step.expects, ...(step.compose?.expects ?? [])]) {
      const named = Object.keys(outcome.check ?? {});
      if (named.length === 0) throw new Error(`${step.id}: "${outcome.says}" has no check`);
      for (const name of named) if (!CHECKS.includes(name)) throw new Error(`${step.id}: there is no check "${name}"`);
    }
  return tutorial;
}
