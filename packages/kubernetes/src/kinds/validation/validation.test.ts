import { describe, expect, test } from "vitest";

import type { KubeObject } from "../../api/object.ts";
import { fieldErrorMessage } from "../field-error.ts";
import { context, kindOf, readYaml } from "../testdata/read.ts";

type Change = Readonly<Record<string, unknown>>;

interface Case {
  readonly base: string;
  readonly change?: Change;
  readonly update?: Change;
  readonly errors: readonly string[];
}

const [file] = readYaml("validation.yaml") as unknown as [{ bases: Record<string, KubeObject>; cases: Case[] }];

/** A copy of `object` with the fields at the pointers set, null removing them. */
function changed(object: KubeObject, change: Change = {}): KubeObject {
  const copy = structuredClone(object);
  for (const [pointer, value] of Object.entries(change)) {
    const parts = pointer.slice(1).split("/");
    const last = parts.pop() ?? "";
    let target = copy as Record<string, unknown>;
    for (const part of parts) target = (target[part] ??= {}) as Record<string, unknown>;
    if (value === null) delete target[last];
    else target[last] = structuredClone(value);
  }
  return copy;
}

function defaulted(object: KubeObject): KubeObject {
  kindOf(object).defaults(object);
  return object;
}

/** Long differences follow a line break in the message; the words before it are the original's. */
function firstLine(message: string): string {
  return message.split("\n")[0] ?? "";
}

describe("of a", () => {
  const cases = file.cases.map(
    (one) => [one.base, JSON.stringify({ change: one.change, update: one.update }), one] as const,
  );

  test.each(cases)("%s with %s the errors are the original's", (base, _change, { change, update, errors }) => {
    const object = defaulted(changed(file.bases[base] as KubeObject, change));
    const { strategy } = kindOf(object);
    if (update === undefined) {
      expect(strategy.validate(object, context()).map(fieldErrorMessage)).toEqual(errors);
      return;
    }
    const after = defaulted(changed(object, update));
    const found = strategy.validateUpdate?.(after, object, context()).map(fieldErrorMessage).map(firstLine);
    expect(found).toEqual(errors);
  });

  test("base there is nothing to say", () => {
    for (const base of Object.values(file.bases)) {
      const object = defaulted(structuredClone(base));
      expect(kindOf(object).strategy.validate(object, context()), object.kind).toEqual([]);
    }
  });
});

describe("the status of", () => {
  const errorsOf = (base: string, status: object, old: object = {}): string[] => {
    const object = defaulted({ ...structuredClone(file.bases[base] as KubeObject), status });
    const before = defaulted({ ...structuredClone(file.bases[base] as KubeObject), status: old });
    return kindOf(object).strategy.validateStatusUpdate?.(object, before, context()).map(fieldErrorMessage) ?? [];
  };

  test("a StatefulSet counts no more pods than it has", () => {
    expect(errorsOf("statefulset", { replicas: 1, readyReplicas: 2, availableReplicas: 3 })).toEqual([
      "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
      "status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
      "status.availableReplicas: Invalid value: 3: cannot be greater than status.readyReplicas",
    ]);
    expect(errorsOf("statefulset", { replicas: 2, readyReplicas: 2, availableReplicas: 1 })).toEqual([]);
  });

  test("a StatefulSet forgets no collision", () => {
    expect(errorsOf("statefulset", { replicas: 0 }, { replicas: 0, collisionCount: 1 })).toEqual([
      "status.collisionCount: Invalid value: 0: cannot be decremented",
    ]);
  });

  test("a pod keeps its quality of service, and containers that ended for good stay ended", () => {
    const ended = { name: "c", image: "i", restartCount: 0, state: { terminated: { exitCode: 0 } } };
    const running = { ...ended, state: { running: {} } };
    const pod = structuredClone(file.bases["pod"] as KubeObject);
    Object.assign(pod["spec"] as object, { restartPolicy: "OnFailure" });
    const old = defaulted({ ...pod, status: { qosClass: "BestEffort", containerStatuses: [ended] } });
    const object = defaulted({
      ...structuredClone(pod),
      status: { qosClass: "Burstable", containerStatuses: [running] },
    });
    expect(kindOf(pod).strategy.validateStatusUpdate?.(object, old, context()).map(fieldErrorMessage)).toEqual([
      'status.qosClass: Invalid value: "Burstable": field is immutable',
      "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
    ]);
  });

  test("a load balancer names its addresses' mode", () => {
    expect(errorsOf("service", { loadBalancer: { ingress: [{ ip: "127.10.0.1" }] } })).toEqual([
      "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
    ]);
  });
});

test("a refused change of a pod shows what differs", () => {
  const old = defaulted(structuredClone(file.bases["pod"] as KubeObject));
  const object = defaulted(changed(old, { "/spec/containers/0/ports/0/containerPort": 81, "/spec/nodeName": "n" }));
  const [error] = kindOf(old).strategy.validateUpdate?.(object, old, context()) ?? [];
  expect(error?.detail?.split("\n").slice(1)).toEqual([
    "  core.PodSpec{",
    "  \tcontainers: {",
    "  \t\t0: {",
    "  \t\t\t... // 2 identical fields",
    "  \t\t\tports: {",
    "  \t\t\t\t0: {",
    "  \t\t\t\t\t... // 1 identical field",
    "- \t\t\t\t\tcontainerPort: 80,",
    "+ \t\t\t\t\tcontainerPort: 81,",
    "  \t\t\t\t\t... // 1 identical field",
    "  \t\t\t\t},",
    "  \t\t\t},",
    "  \t\t\t... // 4 identical fields",
    "  \t\t},",
    "  \t},",
    "  \t... // 6 identical fields",
    '+ \tnodeName: "n",',
    "  }",
    "",
  ]);
});
