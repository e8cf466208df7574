import { describe, expect, test } from "vitest";

import type { KubeObject } from "../api/object.ts";
import { kindOf } from "./testdata/read.ts";

function warningsOf(object: object): string[] {
  const copy = structuredClone(object) as KubeObject;
  const kind = kindOf(copy);
  kind.defaults(copy);
  return kind.strategy.warnings?.(copy) ?? [];
}

function pod(spec: object): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { containers: [{ name: "c", image: "i" }], ...spec },
  };
}

describe("remarks on", () => {
  test("a pod whose name is no label", () => {
    const named = pod({}) as { metadata: { name: string } };
    named.metadata.name = "a.b";
    expect(warningsOf(named)).toEqual([
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    ]);
    expect(warningsOf(pod({}))).toEqual([]);
  });

  test("variables that hide others, but not on those that build on them", () => {
    const env = [
      { name: "A", value: "1" },
      { name: "A", value: "$(A)2" },
      { name: "A", value: "3" },
      { name: "B", value: "1" },
      { name: "B", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ];
    expect(warningsOf(pod({ containers: [{ name: "c", image: "i", env }] }))).toEqual([
      'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply',
      'spec.containers[0].env[4]: hides previous definition of "B", which may be dropped when using apply',
    ]);
  });

  test("ports that are named twice", () => {
    const ports = [
      { containerPort: 80 },
      { containerPort: 80 },
      { containerPort: 80, hostPort: 8080 },
      { containerPort: 80, protocol: "UDP" },
    ];
    expect(warningsOf(pod({ containers: [{ name: "c", image: "i", ports }] }))).toEqual([
      "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
      "spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]",
      "spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[1]",
    ]);
  });

  test("parts of bytes and negative grace, in a set's template and claims", () => {
    const resources = { requests: { memory: "100m" } };
    const spec = {
      template: { spec: { containers: [{ name: "c", image: "i", resources }], terminationGracePeriodSeconds: -1 } },
      volumeClaimTemplates: [{ metadata: { name: "w" }, spec: { resources: { requests: { storage: "1500m" } } } }],
    };
    expect(warningsOf({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "s" }, spec })).toEqual([
      'spec.template.spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
      "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
      'spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ]);
  });

  test("a class named in the old way", () => {
    const metadata = { name: "c", annotations: { "volume.beta.kubernetes.io/storage-class": "fast" } };
    expect(warningsOf({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec: {} })).toEqual([
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    ]);
  });

  test("fields of services that do nothing", () => {
    const service = { apiVersion: "v1", kind: "Service", metadata: { name: "s" } };
    expect(warningsOf({ ...service, spec: { externalName: "a.b", ports: [{ port: 80 }] } })).toEqual([
      'spec.externalName is ignored when spec.type is not "ExternalName"',
    ]);
    expect(
      warningsOf({ ...service, spec: { type: "ExternalName", externalName: "a.b", externalIPs: ["127.10.0.1"] } }),
    ).toEqual(['spec.externalIPs is ignored when spec.type is "ExternalName"']);
  });
});
