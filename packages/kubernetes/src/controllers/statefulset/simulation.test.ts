import { seedsToTry, World } from "@ordinal/simulator";
import { test } from "vitest";

import { createRegistry } from "../../api/registry.ts";
import { StatusError } from "../../api/status-error.ts";
import { TestLab, webSet } from "../testing/test-lab.ts";
import type { StoredClaim, StoredPod, StoredStatefulSet } from "../view.ts";

// Whatever people and machines do to a StatefulSet, what it promises holds at every write; and when they stop, it
// becomes what its spec says. Every seed is another history; ORDINAL_SEED=n repeats one.

const SEEDS = 200;
const GOOD_IMAGES = ["app:1", "app:2", "app:3"];
const BROKEN_IMAGE = "broken:1";

test("a StatefulSet keeps its promises under random operations and faults, and settles when they stop", async () => {
  for (const seed of seedsToTry(SEEDS)) {
    const world = new World(seed);
    try {
      await history(world);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error([`ORDINAL_SEED=${seed}: ${reason}`, ...world.lastEvents.slice(-30)].join("\n"), { cause: error });
    }
  }
}, 120_000);

async function history(world: World): Promise<void> {
  const { random } = world;
  const lab = await TestLab.start(world, random.fork("api"), createRegistry);
  lab.broken.add(BROKEN_IMAGE);
  const delays = random.fork("kubelet");
  lab.delayMs = () => delays.between(0, 3000);
  const lags = random.fork("lag");
  if (random.between(0, 2) === 0) lab.trouble.lagMs = () => (lags.between(0, 3) === 0 ? lags.between(1, 200) : 0);
  const refusals = random.fork("refusals");
  let faulty = random.between(0, 2) === 0;
  lab.trouble.refuse = (_, resource) => {
    if (faulty && resource !== "events" && refusals.between(0, 19) === 0)
      throw new StatusError(500, "InternalError", "refused by the simulation");
  };
  const parallel = random.between(0, 3) === 0;
  const broken: string[] = [];
  const watcher = watchPromises(lab, world, parallel, broken);
  await lab.client.create("statefulsets.apps", randomSet(world, parallel));
  for (let operation = 0; operation < 12; operation++) {
    await world.run(random.between(0, 8000));
    must(broken.length === 0, broken.join("\n"));
    await operate(lab, world);
  }
  faulty = false;
  delete lab.trouble.lagMs;
  await settle(lab, world);
  watcher.stop();
  must(broken.length === 0, broken.join("\n"));
  if (lab.warnings.length > 0) throw new Error(lab.warnings.join("\n"));
  await lab.stop();
}

function randomSet({ random }: World, parallel: boolean): object {
  const set = webSet({
    replicas: random.between(0, 4),
    podManagementPolicy: parallel ? "Parallel" : "OrderedReady",
    minReadySeconds: random.between(0, 2) === 0 ? 2 : 0,
    ...(random.between(0, 2) === 0 ? { ordinals: { start: random.between(0, 3) } } : {}),
    ...(random.between(0, 2) === 0 ? { updateStrategy: { type: "RollingUpdate" } } : {}),
    persistentVolumeClaimRetentionPolicy: {
      whenDeleted: random.between(0, 1) === 0 ? "Retain" : "Delete",
      whenScaled: random.between(0, 2) === 0 ? "Delete" : "Retain",
    },
  }) as StoredStatefulSet;
  const container = set.spec?.template.spec?.containers[0];
  if (container !== undefined) container.image = GOOD_IMAGES[0] ?? "";
  return set;
}

async function operate(lab: TestLab, world: World): Promise<void> {
  const { random } = world;
  const pods = lab.pods().filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const some = pods[random.between(0, Math.max(0, pods.length - 1))];
  const patch = (spec: object): Promise<unknown> =>
    lab.client.patch("statefulsets.apps", "default", "web", { spec }, { type: "merge" });
  const choice = random.between(0, 11);
  world.note("operation", { choice });
  switch (choice) {
    case 0:
    case 1:
      await patch({ replicas: random.between(0, 5) });
      return;
    case 2:
    case 3:
      await changeImage(lab, GOOD_IMAGES[random.between(0, GOOD_IMAGES.length - 1)] ?? "");
      return;
    case 4:
      await changeImage(lab, BROKEN_IMAGE);
      return;
    case 5:
      await patch({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: random.between(0, 4) } } });
      return;
    case 6:
      if (some !== undefined)
        await lab.client.delete("pods", "default", some.metadata.name, {
          gracePeriodSeconds: random.between(0, 1) * 30,
        });
      return;
    case 7:
      if (some?.status?.phase === "Running") await lab.kubelet.fail("default", some.metadata.name);
      return;
    case 8: {
      // Deleted, with its pods or without, and made again.
      const set = lab.set();
      const propagationPolicy = (["Orphan", "Foreground", "Background"] as const)[random.between(0, 2)] ?? "Orphan";
      await lab.client.delete("statefulsets.apps", "default", "web", { propagationPolicy });
      // A stray that uses a claim of the set would hold a foreground deletion for ever.
      for (const pod of lab.pods()) {
        if (pod.metadata.labels?.["app"] === "stray") await lab.client.delete("pods", "default", pod.metadata.name);
      }
      await waitUntilGone(lab, set.metadata.uid);
      const { name, namespace } = set.metadata;
      await lab.client.create("statefulsets.apps", {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { name, namespace },
        spec: set.spec,
      });
      return;
    }
    case 9:
      lab.stopControllers();
      lab.startControllers();
      return;
    case 10:
      if (some !== undefined)
        await lab.client.patch(
          "pods",
          "default",
          some.metadata.name,
          { metadata: { labels: { app: "stray" } } },
          { type: "merge" },
        );
      return;
    default:
      await patch({ minReadySeconds: random.between(0, 1) * 3 });
  }
}

async function waitUntilGone(lab: TestLab, uid: string): Promise<void> {
  for (let tries = 0; tries < 10_000 && lab.find("statefulsets.apps", "web")?.metadata.uid === uid; tries++)
    await lab.world.run(10);
}

/** Checks at every change what must hold whatever happens. */
function watchPromises(lab: TestLab, world: World, parallel: boolean, broken: string[]): { stop(): void } {
  const known = new Map<string, StoredPod>();
  return lab.client.watch("pods", {}, (event) => {
    if (event.kind === "SYNCED") return;
    const pod = event.object as unknown as StoredPod;
    const old = known.get(pod.metadata.name);
    world.note(event.kind, {
      pod: pod.metadata.name,
      uid: pod.metadata.uid,
      phase: pod.status?.phase,
      deleting: pod.metadata.deletionTimestamp,
    });
    if (event.kind === "ADDED") {
      if (old !== undefined) broken.push(`two pods of the name ${pod.metadata.name}`);
      if (claimOf(pod) !== `www-${pod.metadata.name}`)
        broken.push(`${pod.metadata.name} uses the claim ${claimOf(pod)}`);
      if (!parallel) broken.push(...outOfOrder(lab, known, pod));
    }
    if (event.kind === "DELETED") known.delete(pod.metadata.name);
    else known.set(pod.metadata.name, pod);
  });
}

/** An ordered set makes a pod only while all pods below it are running and ready. */
function outOfOrder(lab: TestLab, known: ReadonlyMap<string, StoredPod>, pod: StoredPod): string[] {
  // A view that is late may still hold a pod for ready that has just failed; no controller can know better.
  if (lab.trouble.lagMs !== undefined) return [];
  const set = lab.find("statefulsets.apps", "web") as unknown as StoredStatefulSet | undefined;
  const start = set?.spec?.ordinals?.start ?? 0;
  const found: string[] = [];
  for (let ordinal = start; ordinal < ordinalOf(pod); ordinal++) {
    const lower = known.get(`web-${ordinal}`);
    if (lower === undefined || !isHealthy(lower))
      found.push(`${pod.metadata.name} was made before web-${ordinal} was ready`);
  }
  return found;
}

/** No more faults: the set must become what it says, and roll out one more change one pod at a time. */
async function settle(lab: TestLab, world: World): Promise<void> {
  await changeImage(lab, GOOD_IMAGES[0] ?? "");
  const strategy = { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } } };
  await lab.client.patch("statefulsets.apps", "default", "web", { spec: strategy }, { type: "merge" });
  for (let round = 0; round < 6; round++) {
    // As a person would: strays hold names that the set wants, and it replaces no pod that never became ready.
    for (const pod of lab.pods()) {
      const broken = pod.spec?.containers[0]?.image === BROKEN_IMAGE;
      if (broken || pod.metadata.labels?.["app"] === "stray")
        await lab.client.delete("pods", "default", pod.metadata.name);
    }
    await world.run(60_000);
  }
  await changeImage(lab, "app:final");
  let unready = 0;
  const counter = lab.client.watch("pods", {}, () => {
    unready = Math.max(unready, (lab.set().spec?.replicas ?? 0) - lab.pods().filter(isHealthy).length);
  });
  await world.run(120_000);
  counter.stop();
  must(unready <= 1, `${unready} pods were missing at once in a rolling update`);
  const set = lab.set();
  const replicas = set.spec?.replicas ?? 0;
  const start = set.spec?.ordinals?.start ?? 0;
  const wanted = Array.from({ length: replicas }, (_, index) => `web-${start + index}`).sort();
  mustEqual(
    lab.pods().map((pod) => pod.metadata.name),
    wanted,
  );
  for (const pod of lab.pods()) {
    must(isHealthy(pod), `${pod.metadata.name} is not ready`);
    must(pod.spec?.containers[0]?.image === "app:final", `${pod.metadata.name} was not updated`);
    must(
      pod.metadata.labels?.["controller-revision-hash"] === set.status?.updateRevision,
      `${pod.metadata.name} has another revision`,
    );
    const claim = lab.find("persistentvolumeclaims", claimOf(pod)) as unknown as StoredClaim | undefined;
    must(claim?.status?.phase === "Bound", `${claimOf(pod)} is not bound`);
  }
  const {
    readyReplicas = 0,
    updatedReplicas = 0,
    currentRevision,
    updateRevision,
    replicas: created,
  } = set.status ?? { replicas: -1 };
  mustEqual([created, readyReplicas, updatedReplicas, currentRevision], [replicas, replicas, replicas, updateRevision]);
  checkVolumes(lab, wanted);
}

/** A claim has one volume for its whole life, and claims outlive pods unless the retention policy says otherwise. */
function checkVolumes(lab: TestLab, wanted: readonly string[]): void {
  const claims = lab.all("persistentvolumeclaims") as unknown as StoredClaim[];
  const volumes = claims.map((claim) => claim.spec?.volumeName ?? "");
  must(new Set(volumes).size === volumes.length, "two claims share a volume");
  for (const name of wanted)
    must(
      claims.some((claim) => claim.metadata.name === `www-${name}`),
      `${name} has no claim`,
    );
  const { whenDeleted, whenScaled } = lab.set().spec?.persistentVolumeClaimRetentionPolicy ?? {};
  if (whenDeleted === "Retain" && whenScaled === "Retain") mustEqual(lab.removedVolumes, []);
}

function changeImage(lab: TestLab, value: string): Promise<unknown> {
  const patch = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value }];
  return lab.client.patch("statefulsets.apps", "default", "web", patch, { type: "json" });
}

function isHealthy(pod: StoredPod): boolean {
  const ready =
    pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
  return pod.status?.phase === "Running" && ready && pod.metadata.deletionTimestamp === undefined;
}

function claimOf(pod: StoredPod): string {
  return pod.spec?.volumes?.find((volume) => volume.name === "www")?.persistentVolumeClaim?.claimName ?? "";
}

function ordinalOf(pod: StoredPod): number {
  return Number(pod.metadata.name.slice("web-".length));
}

function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

function mustEqual(actual: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  must(left === right, `${left} instead of ${right}`);
}
