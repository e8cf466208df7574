import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { KubectlLab } from "./kubectl-lab.ts";
import { readTranscript, replay } from "./transcript.ts";

/** What kubectl printed for a real control plane it prints here. */
describe.each(["statefulset", "client", "mistakes"])("%s.txt", (name) => {
  let kubectl: KubectlLab;
  beforeAll(async () => {
    kubectl = await KubectlLab.start();
  });
  afterAll(() => kubectl.stop());

  test("is printed again", async () => {
    for (const exchange of readTranscript(name)) {
      const { actual, expected } = await replay(kubectl, exchange);
      expect(actual, exchange.command).toEqual(expected);
    }
  });
});
