import type { Client } from "../api/client.ts";
import type { KubeObject } from "../api/object.ts";
import { isStatus } from "../api/status-error.ts";
import type { Action, EventNote, Outcome, Plan, SlowStart } from "./plan.ts";

/** Not now: something must change first. The key comes back later, as after a refusal. */
export class Waiting extends Error {}

/** What carrying out actions needs from the shell. */
export interface Hands {
  readonly client: Client;
  /** Owner of the fields that creations set. */
  readonly manager: string;
  /** What a write was answered with. */
  written(resource: string, object: KubeObject): void;
  event(note: EventNote): void;
  removeVolume(path: string): Promise<void>;
}

/** Carries out a plan; rejects with the first failure after `finally` has been tried. */
export async function applyPlan(hands: Hands, plan: Plan): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  try {
    for (const step of plan.steps) {
      if (step.kind === "slowStart") await applySlowStart(hands, step);
      else await applyAction(hands, step);
    }
  } catch (error) {
    failure = { error };
  }
  for (const action of plan.finally ?? []) {
    try {
      await applyAction(hands, action);
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure !== undefined) throw failure.error;
}

/** Batches of 1, 2, 4, …: when creation is refused it is refused a few times, not once for every replica. */
async function applySlowStart(hands: Hands, step: SlowStart): Promise<void> {
  let next = 0;
  for (let size = 1; next < step.lanes.length; size *= 2) {
    const batch = step.lanes.slice(next, next + size);
    next += batch.length;
    const results = await Promise.allSettled(
      batch.map(async (lane) => {
        for (const action of lane) await applyAction(hands, action);
      }),
    );
    for (const result of results) {
      if (result.status === "rejected") throw result.reason;
    }
  }
}

async function applyAction(hands: Hands, action: Action): Promise<void> {
  switch (action.kind) {
    case "create":
      await tell(hands, action.outcome, "AlreadyExists", async () => {
        try {
          hands.written(
            action.resource,
            await hands.client.create(action.resource, action.object, { manager: hands.manager }),
          );
        } catch (error) {
          if (action.existsIsFine !== true || !isStatus(error, "AlreadyExists")) throw error;
        }
      });
      return;
    case "update":
      await tell(hands, action.outcome, "Conflict", async () => {
        hands.written(action.resource, await hands.client.update(action.resource, action.object));
      });
      return;
    case "updateStatus":
      await tell(hands, action.outcome, "Conflict", async () => {
        hands.written(action.resource, await hands.client.updateStatus(action.resource, action.object));
      });
      return;
    case "patch":
      await tell(hands, action.outcome, "Conflict", async () => {
        const { resource, namespace, name, patch, subresource } = action;
        try {
          const options = { type: "merge", ...(subresource === undefined ? {} : { subresource }) } as const;
          hands.written(resource, await hands.client.patch(resource, namespace, name, patch, options));
        } catch (error) {
          if (action.absentIsFine !== true || !isStatus(error, "NotFound")) throw error;
        }
      });
      return;
    case "delete":
      await applyDelete(hands, action);
      return;
    case "require": {
      const found = await hands.client.get(action.resource, action.namespace, action.name);
      if (found.metadata.uid !== action.uid || found.metadata.deletionTimestamp !== undefined) {
        throw new Waiting(`${action.resource} ${action.name} was deleted`);
      }
      return;
    }
    case "requireAbsent": {
      const found = await hands.client.get(action.resource, action.namespace, action.name).catch((error: unknown) => {
        if (isStatus(error, "NotFound")) return undefined;
        throw error;
      });
      if (found !== undefined && found.metadata.uid === (action.uid ?? found.metadata.uid))
        throw new Waiting(`${action.resource} ${action.name} exists`);
      return;
    }
    case "event":
      hands.event(action.note);
      return;
    case "fail":
      await tell(hands, action.outcome, undefined, () => Promise.reject(new Waiting(action.message)));
      return;
    case "removeVolume":
      await tell(hands, action.outcome, undefined, () => hands.removeVolume(action.path));
  }
}

async function applyDelete(hands: Hands, action: Extract<Action, { kind: "delete" }>): Promise<void> {
  const { resource, namespace, name, uid, gracePeriodSeconds, propagationPolicy } = action;
  await tell(hands, action.outcome, undefined, async () => {
    await hands.client.delete(resource, namespace, name, {
      preconditions: { uid },
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    });
  }).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
}

/** Nothing there, or something else of that name: the precondition on the uid makes that a Conflict. */
function isGone(error: unknown): boolean {
  return isStatus(error, "NotFound") || isStatus(error, "Conflict");
}

/** Does `work` and records the events of its outcome. A refusal for the reason `silent` is no news, nor is what is gone. */
async function tell(
  hands: Hands,
  outcome: Outcome | undefined,
  silent: string | undefined,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const expected = silent === undefined ? isGone(error) : isStatus(error, silent);
    if (!expected) {
      const words = error instanceof Error ? error.message : String(error);
      for (const note of outcome?.failure ?? []) hands.event({ ...note, message: `${note.message}${words}` });
    }
    throw error;
  }
  if (outcome?.success !== undefined) hands.event(outcome.success);
}
