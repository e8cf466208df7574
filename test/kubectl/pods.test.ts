import { readFileSync } from "node:fs";

import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";

import { KubectlLab } from "./kubectl-lab.ts";

interface Row {
  readonly name: string;
  readonly spec: object;
  /** Alternatives apart by `|`, where the moment decides. */
  readonly status: string;
  readonly events?: readonly string[];
  readonly logs?: string;
  readonly previous?: string;
}

const rows = parse(readFileSync(new URL("testdata/pods.yaml", import.meta.url), "utf8")) as readonly Row[];

let kubectl: KubectlLab;
beforeAll(async () => {
  kubectl = await KubectlLab.start();
  const items = rows.map(({ name, spec }) => ({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec }));
  await kubectl.kubectl("create -f -", stringify({ apiVersion: "v1", kind: "List", items }));
});
afterAll(() => kubectl.stop());

test.each(rows)("pod $name becomes $status", async ({ name, status, events = [], logs, previous }) => {
  const wanted = new RegExp(`^${name} +\\d/\\d +(${status}) `);
  await kubectl.until(`get pod ${name} --no-headers`, (text) => wanted.test(text));
  const rowsOf = (text: string): string[] => text.split("\n").map((line) => line.replace(/ +/g, " "));
  await kubectl.until(
    `get events --no-headers --field-selector involvedObject.name=${name} -o custom-columns=T:.type,R:.reason,M:.message`,
    (text) => events.every((event) => rowsOf(text).some((line) => line.startsWith(event))),
  );
  if (logs !== undefined) expect(await kubectl.kubectl(`logs ${name}`)).toBe(logs);
  if (previous !== undefined) await kubectl.until(`logs --previous ${name}`, (text) => text === previous);
});
