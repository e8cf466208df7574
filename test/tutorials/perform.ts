import { setTimeout as delay } from "node:timers/promises";

import { run, ShellTerminal, WatchTerminal, type Ran } from "./terminals.ts";
import type { Check, Outcome, Step } from "./tutorial.ts";
import { cells, judge } from "./watch-log.ts";

/** How long an outcome may take to show: three servers one after the other, each Ready ten seconds after its start at best. */
const OUTCOME_TIMEOUT_MS = 120_000;
const QUIET_MS = 700;
const POLL_MS = 40;

/** Plays the steps of a tutorial in its two terminals against whatever KUBECONFIG in `env` names. */
export class Performer {
  readonly #cwd: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #captured = new Map<string, string>();
  #watch: WatchTerminal | undefined;
  #shell: ShellTerminal | undefined;

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    this.#cwd = cwd;
    this.#env = env;
  }

  /** Types the step's command and proves every outcome; throws naming the first that did not come. */
  async perform(step: Step): Promise<void> {
    for (const [name, command] of Object.entries(step.capture ?? {}))
      this.#captured.set(name, (await this.#run(command)).stdout.trim());
    if (step.terminal === "A") return this.#performWatch(step);
    if (step.terminal === "shell") return this.#performShell(step);
    if (step.watch !== undefined) await this.#startWatch(step.watch);
    const ran = await this.#run(step.command);
    for (const outcome of step.expects) await this.#prove(step, outcome, ran);
  }

  stop(): void {
    this.#watch?.stop();
    this.#shell?.stop();
  }

  async #performWatch(step: Step): Promise<void> {
    if (step.fresh === true) await this.#startWatch(step.command);
    for (const outcome of step.expects) await this.#prove(step, outcome, undefined);
  }

  /** A watch is on before its first row shows, so that the next command's events cannot be missed. */
  async #startWatch(command: string): Promise<void> {
    this.#watch?.stop();
    const watch = new WatchTerminal(command, this.#cwd, this.#env);
    this.#watch = watch;
    const deadline = Date.now() + QUIET_MS;
    while (watch.rows.length === 0 && Date.now() < deadline) await delay(POLL_MS);
  }

  async #performShell(step: Step): Promise<void> {
    if (this.#shell === undefined) this.#shell = new ShellTerminal(step.command, this.#cwd, this.#env);
    else this.#shell.type(step.command);
    const { text, exitCode } = await this.#shell.untilPrompt(OUTCOME_TIMEOUT_MS);
    const ran: Ran = { stdout: text, stderr: "", exitCode: exitCode ?? 0 };
    if (exitCode !== undefined) this.#shell = undefined;
    for (const outcome of step.expects) {
      if (outcome.check.prompt === true && exitCode !== undefined)
        throw failure(step, outcome, `the session ended with ${exitCode}:\n${text}`);
      await this.#prove(step, outcome, ran);
    }
  }

  async #prove(step: Step, outcome: Outcome, ran: Ran | undefined): Promise<void> {
    const { check } = outcome;
    const problem =
      (ran === undefined ? undefined : await this.#judgeRun(check, ran)) ?? (await this.#judgeTime(check));
    if (problem !== undefined) throw failure(step, outcome, problem);
  }

  async #judgeRun(check: Check, ran: Ran): Promise<string | undefined> {
    const shown = `it printed:\n${ran.stdout}${ran.stderr}`;
    if (check.exit !== undefined && ran.exitCode !== check.exit) return `exit code ${ran.exitCode}; ${shown}`;
    if (check.lines !== undefined) {
      const lines = (await Promise.all(check.lines.map((line) => this.#fill(line, false)))).join("\n");
      if (normal(ran.stdout) !== lines) return `wanted:\n${lines}\n${shown}`;
    }
    if (check.rows !== undefined) {
      const rows = normal(ran.stdout).split("\n").map(cells);
      const wrong =
        rows.length !== check.rows.length ||
        check.rows.some((row, index) => !new RegExp(`^(?:${row})$`).test(rows[index] ?? ""));
      if (wrong) return `wanted rows:\n${check.rows.join("\n")}\n${shown}`;
    }
    if (check.match !== undefined && !new RegExp(await this.#fill(check.match, true)).test(ran.stdout))
      return `wanted ${await this.#fill(check.match, true)}; ${shown}`;
    if (check.stderr !== undefined && !new RegExp(await this.#fill(check.stderr, true)).test(ran.stderr))
      return `wanted ${await this.#fill(check.stderr, true)} as an error; ${shown}`;
    return undefined;
  }

  /** Checks of what goes on: tried until they hold or time is up. */
  async #judgeTime(check: Check): Promise<string | undefined> {
    if (check.quiet === true) {
      await delay(QUIET_MS);
      if (this.#watch?.running !== true) return "the watch ended";
      return this.#watch.rows.length === 0 ? undefined : `the watch printed:\n${this.#watch.rows.join("\n")}`;
    }
    const { watch, probe } = check;
    if (watch !== undefined)
      return this.#until(
        async () => judge(watch, this.#watch?.rows ?? []),
        false,
        () => (this.#watch?.rows ?? []).join("\n"),
      );
    if (probe === undefined) return undefined;
    const command = await this.#fill(probe.command, false);
    return this.#until(
      async () =>
        this.#judgeRun(
          { ...(probe.lines && { lines: probe.lines }), ...(probe.match !== undefined && { match: probe.match }) },
          await this.#run(command),
        ),
      probe.once === true,
      () => `by: ${command}`,
    );
  }

  async #until(
    attempt: () => Promise<string | undefined>,
    once: boolean,
    show: () => string,
  ): Promise<string | undefined> {
    const deadline = Date.now() + OUTCOME_TIMEOUT_MS;
    for (;;) {
      const problem = await attempt();
      if (problem === undefined) return undefined;
      if (once || Date.now() > deadline) return `${problem}\n${show()}`;
      await delay(POLL_MS);
    }
  }

  async #fill(text: string, regex: boolean): Promise<string> {
    const names = [...new Set([...text.matchAll(/\{(ip:[\w-]+|\w+)\}/g)].map((found) => found[1] ?? ""))];
    let result = text;
    for (const name of names) {
      const value = await this.#valueOf(name);
      if (value !== undefined) result = result.replaceAll(`{${name}}`, regex ? value.replaceAll(".", "\\.") : value);
    }
    return result;
  }

  async #valueOf(name: string): Promise<string | undefined> {
    if (name.startsWith("ip:"))
      return (await this.#run(`kubectl get pod ${name.slice(3)} -o jsonpath='{.status.podIP}'`)).stdout;
    if (name === "dns")
      return (await this.#run("kubectl get service kube-dns -n kube-system -o jsonpath='{.spec.clusterIP}'")).stdout;
    return this.#captured.get(name);
  }

  #run(command: string): Promise<Ran> {
    return run(command, this.#cwd, this.#env);
  }
}

/** A command under a terminal ends its lines with CR LF; spaces at the end of a line show nothing. */
function normal(text: string): string {
  return text.replaceAll(/[ \r]+$/gm, "").replace(/\n+$/, "");
}

function failure(step: Step, outcome: Outcome, problem: string): Error {
  return new Error(`${step.id} \`${step.command}\`: "${outcome.says}" did not come: ${problem}`);
}
