import { expect, test } from "vitest";

import { revisionData, revisionHash, revisionName, revisionText, templateOf } from "./revision-hash.ts";

/** The template of the tutorial's web.yaml as the API defaults it. */
const WEB = {
  metadata: { labels: { app: "nginx" } },
  spec: {
    containers: [
      {
        name: "nginx",
        image: "k8s.gcr.io/nginx-slim:0.8",
        ports: [{ name: "web", containerPort: 80, protocol: "TCP" as const }],
        resources: {},
        volumeMounts: [{ name: "www", mountPath: "/usr/share/nginx/html" }],
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File" as const,
        imagePullPolicy: "IfNotPresent" as const,
      },
    ],
    restartPolicy: "Always" as const,
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst" as const,
    securityContext: {},
    schedulerName: "default-scheduler",
  },
};

function nameOf(template: object): string {
  return revisionName("web", revisionHash(revisionText(revisionData(template)), 0));
}

function withImage(image: string, annotations?: Record<string, string>): object {
  const template = structuredClone(WEB);
  for (const container of template.spec.containers) container.image = image;
  return annotations === undefined ? template : { ...template, metadata: { annotations, ...template.metadata } };
}

// The names that a Kubernetes 1.32.13 control plane gave the revisions of the tutorial's web.yaml.
test.each([
  [nameOf(WEB), "web-b46f789c4"],
  [nameOf(withImage("gcr.io/google_containers/nginx-slim:0.8")), "web-6dc8b8d6c9"],
  [nameOf(withImage("k8s.gcr.io/nginx-slim:0.7")), "web-c5f4bdc97"],
  [
    nameOf(
      withImage("gcr.io/google_containers/nginx-slim:0.8", {
        "kubectl.kubernetes.io/restartedAt": "2026-11-23T20:25:40Z",
      }),
    ),
    "web-cd787dcf7",
  ],
  [
    nameOf(withImage("nosuch.invalid/nginx:1", { "kubectl.kubernetes.io/restartedAt": "2026-11-23T20:25:40Z" })),
    "web-547b9c745d",
  ],
])("a revision is named %s as a real control plane names it: %s", (name, expected) => {
  expect(name).toBe(expected);
});

test("another collision count gives another name", () => {
  const text = revisionText(revisionData(WEB));
  expect(revisionHash(text, 1)).not.toBe(revisionHash(text, 0));
});

test("the order of fields does not matter, and Go's escapes do", () => {
  expect(revisionText({ b: 1, a: { d: null, c: "<&>" } })).toBe('{"a":{"c":"\\u003c\\u0026\\u003e","d":null},"b":1}');
});

test("a template comes back out of a revision as it went in", () => {
  expect(templateOf(revisionData(WEB))).toEqual({ ...WEB, metadata: { ...WEB.metadata, creationTimestamp: null } });
});

test("a long set name leaves room for the hash", () => {
  expect(revisionName("a".repeat(250), "b46f789c4")).toHaveLength(233);
});
