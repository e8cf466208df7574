import { realpathSync } from "node:fs";

import { HOME_MARK, killMarked, POD_MARK } from "./pod-marks.ts";

/**
 * Ends the plain processes of pods that an earlier lab of this home left behind when it was killed, and nothing else: only
 * processes whose environment names both this home and a pod. Call it before a lab starts pods, while it holds the home's
 * lock. Returns how many there were. Pods in namespaces leave nothing: the kernel ends them with the lab.
 */
export async function sweepLeftovers(home: string): Promise<number> {
  return killMarked({ [HOME_MARK]: realpathSync(home), [POD_MARK]: undefined });
}
