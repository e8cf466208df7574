import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { startLab, type Lab } from "@ordinal/kubernetes";
import { afterAll, beforeAll, describe, it } from "vitest";

import { Performer } from "./perform.ts";
import { loadTutorial } from "./tutorial.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** One test a step of the tutorial in `file`, in a lab of its own, with pods of each kind that `runtimes` names. */
export function playTutorial(file: string, runtimes: readonly ("namespaces" | "processes")[]): void {
  const tutorial = loadTutorial(new URL(file, import.meta.url));
  describe.each(runtimes)(`"${tutorial.title}" with kubectl, pods as %s`, (runtime) => {
    let folder: string;
    let lab: Lab;
    let performer: Performer;
    let failed: string | undefined;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "ordinal tutorial "));
      lab = await startLab({ home: join(folder, "home"), runtime });
      performer = new Performer(here, { ...process.env, KUBECONFIG: lab.kubeconfig, HOME: folder });
    });
    afterAll(async () => {
      performer?.stop();
      await lab?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const steps = tutorial.steps.filter((step) => runtime === "namespaces" || step.processes === undefined);
    for (const step of steps)
      it(`${step.id} ${step.command}`, async () => {
        // Each step stands on the ones before it: after a failure the rest says nothing of itself.
        if (failed !== undefined) throw new Error(`not tried: ${failed} failed before`);
        failed = step.id;
        await performer.perform(step);
        failed = undefined;
      });
  });
}
