import { describe, expect, test } from "vitest";

import { T0, testPod, WorkerDriver } from "./worker-driver.ts";

describe("a pod comes up", () => {
  test("sandbox, image, container; conditions and status as the original's", () => {
    const driver = new WorkerDriver(
      testPod({ containers: [{ name: "nginx", image: "nginx", volumeMounts: [{ name: "www", mountPath: "/www" }] }] }),
    );
    driver.begin();
    expect(driver.takeAsked()).toEqual(["createSandbox", "start nginx 0"]);
    expect(driver.events).toEqual([
      'Pulled Container image "nginx" already present on machine',
      "Created Created container: nginx",
      "Started Started container nginx",
    ]);
    expect(driver.status).toEqual({
      conditions: ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map(
        (type) => ({ lastProbeTime: null, lastTransitionTime: "2026-11-23T20:24:26Z", status: "True", type }),
      ),
      containerStatuses: [
        {
          containerID: "ordinal://id0",
          image: "nginx",
          imageID: "nginx@sha256:0",
          lastState: {},
          name: "nginx",
          ready: true,
          restartCount: 0,
          started: true,
          state: { running: { startedAt: "2026-11-23T20:24:26Z" } },
          volumeMounts: [{ mountPath: "/www", name: "www" }],
        },
      ],
      hostIP: "127.16.0.1",
      hostIPs: [{ ip: "127.16.0.1" }],
      phase: "Running",
      podIP: "127.16.0.10",
      podIPs: [{ ip: "127.16.0.10" }],
      qosClass: "BestEffort",
      startTime: "2026-11-23T20:24:26Z",
    });
  });

  test("init containers run one after the other, the others wait for them", () => {
    const initContainers = [
      { name: "a", image: "busybox" },
      { name: "b", image: "busybox" },
    ];
    const driver = new WorkerDriver(testPod({ initContainers })).begin();
    expect(driver.takeAsked()).toEqual(["createSandbox", "start a 0"]);
    expect(driver.state("nginx")).toBe("waiting PodInitializing x0");
    expect(driver.condition("Initialized")).toBe(
      "False ContainersNotInitialized containers with incomplete status: [a b]",
    );
    expect(driver.status.phase).toBe("Pending");
    driver.exit("a", 0);
    expect(driver.takeAsked()).toEqual(["start b 0"]);
    driver.exit("b", 0);
    expect(driver.takeAsked()).toEqual(["start nginx 0"]);
    expect(driver.condition("Initialized")).toBe("True");
    expect(driver.state("a")).toBe("terminated Completed 0 x0 ready");
    expect(driver.status.phase).toBe("Running");
  });

  test("a failing init container is tried again, or fails the pod under policy Never", () => {
    const spec = { initContainers: [{ name: "a", image: "busybox" }] };
    const always = new WorkerDriver(testPod(spec)).begin().exit("a", 1);
    expect(always.state("a")).toBe("running x1");
    const never = new WorkerDriver(testPod({ ...spec, restartPolicy: "Never" })).begin().exit("a", 1);
    expect(never.status.phase).toBe("Failed");
    expect(never.takeAsked()).toEqual(["createSandbox", "start a 0", "stopSandbox"]);
  });

  test("a sidecar lets the next one start once its startup probe has passed, and stops after the others", () => {
    const initContainers = [
      { name: "proxy", image: "busybox", restartPolicy: "Always", startupProbe: { tcpSocket: { port: 1 } } },
    ];
    const driver = new WorkerDriver(testPod({ initContainers })).begin();
    expect(driver.takeAsked()).toEqual(["createSandbox", "start proxy 0"]);
    driver.pass(1).probed("proxy", "startup", "success");
    expect(driver.takeAsked()).toEqual(["startup proxy", "start nginx 0"]);
    driver.delete(30);
    expect(driver.takeAsked()).toEqual(["signal nginx SIGTERM"]);
    driver.exit("nginx", 0);
    expect(driver.takeAsked()).toEqual(["signal proxy SIGTERM"]);
    driver.exit("proxy", 0);
    expect(driver.takeAsked()).toEqual(["stopSandbox"]);
    expect(driver.finished).toBe(true);
  });

  test("postStart holds the container back until it is done, and its failure restarts it", () => {
    const containers = [{ name: "nginx", image: "nginx", lifecycle: { postStart: { exec: { command: ["true"] } } } }];
    const driver = new WorkerDriver(testPod({ containers })).begin();
    expect(driver.state("nginx")).toBe("waiting ContainerCreating x0");
    driver.feed({ kind: "hookDone", hook: "postStart", container: "nginx", attempt: 0, error: "boom" });
    expect(driver.takeAsked()).toEqual(["createSandbox", "start nginx 0", "postStart nginx", "signal nginx SIGTERM"]);
    expect(driver.events.slice(-2)).toEqual([
      "FailedPostStartHook PostStartHook failed",
      "Killing FailedPostStartHook",
    ]);
    driver.exit("nginx", 143);
    expect(driver.takeAsked()).toEqual(["start nginx 1", "postStart nginx"]);
    driver.feed({ kind: "hookDone", hook: "postStart", container: "nginx", attempt: 1 });
    expect(driver.state("nginx")).toBe("running x1 ready");
  });

  test("a sandbox that cannot be made is tried again after 0.5 s, 1 s, 2 s …, and at once when something changed", () => {
    const driver = new WorkerDriver(testPod({}));
    const fail = () => driver.feed({ kind: "sandboxFailed", reason: "FailedMount", message: "no" });
    driver.worker.sandbox = "creating";
    fail();
    expect(driver.status.phase).toBe("Pending");
    expect(driver.condition("PodReadyToStartContainers")).toBe("False");
    driver.pass(0.499);
    expect(driver.takeAsked()).toEqual([]);
    driver.pass(0.001);
    expect(driver.takeAsked()).toEqual(["createSandbox", "start nginx 0"]);
    expect(driver.events[0]).toBe("FailedMount no");
  });
});

describe("images", () => {
  test("ErrImagePull, then ImagePullBackOff; tries after 10 s, 20 s", () => {
    const driver = new WorkerDriver(testPod({ containers: [{ name: "nginx", image: "nosuch" }] }));
    driver.missingImages.add("nosuch");
    driver.begin();
    expect(driver.state("nginx")).toBe("waiting ErrImagePull x0");
    driver.pass(1);
    expect(driver.state("nginx")).toBe("waiting ImagePullBackOff x0");
    expect(driver.status.containerStatuses?.[0]?.state?.waiting?.message).toBe(
      'Back-off pulling image "nosuch": ErrImagePull: not known',
    );
    expect(driver.events).toEqual([
      'Pulling Pulling image "nosuch"',
      'Failed Failed to pull image "nosuch": not known',
      "Failed Error: ErrImagePull",
      'BackOff Back-off pulling image "nosuch"',
      "Failed Error: ImagePullBackOff",
    ]);
    driver.pass(8.9);
    expect(driver.events.filter((event) => event.startsWith("Pulling"))).toHaveLength(1);
    driver.pass(0.1);
    expect(driver.events.filter((event) => event.startsWith("Pulling"))).toHaveLength(2);
    driver.pass(19.9);
    expect(driver.events.filter((event) => event.startsWith("Pulling"))).toHaveLength(2);
    driver.missingImages.clear();
    driver.pass(0.1);
    expect(driver.state("nginx")).toBe("running x0 ready");
  });

  test("policy Never says that the image is not present", () => {
    const driver = new WorkerDriver(
      testPod({ containers: [{ name: "nginx", image: "nosuch", imagePullPolicy: "Never" }] }),
    );
    driver.missingImages.add("nosuch");
    expect(driver.begin().state("nginx")).toBe("waiting ErrImageNeverPull x0");
  });
});

describe("restarts", () => {
  test("the first restart is immediate, then 10 s, 20 s … 300 s between exit and start", () => {
    const driver = new WorkerDriver(testPod({}));
    driver.exitAtStart = 1;
    const starts: number[] = [];
    driver.begin();
    for (let second = 0; second <= 1300; second++) {
      if (driver.takeAsked().some((asked) => asked.startsWith("start"))) starts.push(second);
      driver.pass(1);
    }
    // The first two starts fall together.
    expect(starts).toEqual([0, 10, 30, 70, 150, 310, 610, 910, 1210]);
    expect(driver.status.containerStatuses?.[0]?.restartCount).toBe(9);
  });

  test("an Error shows for a second, then CrashLoopBackOff with the original's words and the old count", () => {
    const driver = new WorkerDriver(testPod({})).begin().exit("nginx", 1);
    expect(driver.state("nginx")).toBe("running x1 ready");
    driver.pass(2).exit("nginx", 3);
    expect(driver.state("nginx")).toBe("terminated Error 3 x1");
    expect(driver.status.phase).toBe("Running");
    expect(driver.condition("Ready")).toBe("False ContainersNotReady containers with unready status: [nginx]");
    driver.pass(1);
    expect(driver.state("nginx")).toBe("waiting CrashLoopBackOff x1");
    expect(driver.status.containerStatuses?.[0]?.state?.waiting?.message).toBe(
      "back-off 10s restarting failed container=nginx pod=web-0_default(u1)",
    );
    expect(driver.status.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(3);
    expect(driver.events.at(-1)).toBe("BackOff Back-off restarting failed container nginx in pod web-0_default(u1)");
  });

  test("a run of more than ten minutes forgets the back-off", () => {
    const driver = new WorkerDriver(testPod({})).begin().exit("nginx", 1).pass(2).exit("nginx", 1).pass(10);
    driver.pass(601).takeAsked();
    driver.exit("nginx", 1);
    expect(driver.takeAsked()).toEqual(["start nginx 3"]);
  });

  test.each([
    ["Always", 0, "running x1 ready", "Running"],
    ["OnFailure", 0, "terminated Completed 0 x0", "Succeeded"],
    ["OnFailure", 1, "running x1 ready", "Running"],
    ["Never", 0, "terminated Completed 0 x0", "Succeeded"],
    ["Never", 1, "terminated Error 1 x0", "Failed"],
  ])("policy %s after exit %i: %s, phase %s", (restartPolicy, exitCode, state, phase) => {
    const driver = new WorkerDriver(testPod({ restartPolicy })).begin().exit("nginx", exitCode);
    expect(driver.state("nginx")).toBe(state);
    expect(driver.status.phase).toBe(phase);
  });

  test("a pod succeeds when its last container does, and its sandbox goes", () => {
    const containers = [
      { name: "a", image: "busybox" },
      { name: "b", image: "busybox" },
    ];
    const driver = new WorkerDriver(testPod({ containers, restartPolicy: "Never" })).begin().exit("a", 0);
    expect(driver.status.phase).toBe("Running");
    driver.takeAsked();
    driver.exit("b", 0);
    expect(driver.takeAsked()).toEqual(["stopSandbox"]);
    expect(driver.condition("Ready")).toBe("False PodCompleted");
    expect(driver.condition("Initialized")).toBe("True PodCompleted");
    expect(driver.finished).toBeUndefined();
    expect(driver.delete(0).finished).toBe(true);
  });

  test("a program that cannot be started is RunContainerError and counts as a run", () => {
    const driver = new WorkerDriver(testPod({}));
    driver.begin();
    const container = driver.worker.byName.get("nginx");
    if (container === undefined) throw new Error("no container");
    container.stage = "starting";
    driver.feed({
      kind: "startFailed",
      container: "nginx",
      attempt: 0,
      reason: "RunContainerError",
      message: "exec: not found",
    });
    expect(driver.events.at(-4)).toBe("Failed Error: exec: not found");
    // Tried again at once, like any first failure.
    expect(driver.state("nginx")).toBe("running x1 ready");
    expect(driver.status.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
      exitCode: 128,
      reason: "StartError",
      message: "exec: not found",
    });
  });
});

describe("probes", () => {
  const probed = (probes: object) =>
    new WorkerDriver(testPod({ containers: [{ name: "nginx", image: "nginx", ...probes }] })).begin();

  test("readiness begins false and needs its thresholds in a row", () => {
    const driver = probed({
      readinessProbe: {
        tcpSocket: { port: 80 },
        periodSeconds: 5,
        initialDelaySeconds: 3,
        successThreshold: 2,
        failureThreshold: 2,
      },
    });
    expect(driver.state("nginx")).toBe("running x0");
    driver.takeAsked();
    driver.pass(2.9);
    expect(driver.takeAsked()).toEqual([]);
    driver.pass(0.1);
    expect(driver.takeAsked()).toEqual(["readiness nginx"]);
    const answer = (result: "success" | "failure" | "unknown") =>
      driver.probed("nginx", "readiness", result, "no").pass(5).state("nginx");
    expect(answer("success")).toBe("running x0");
    expect(answer("failure")).toBe("running x0");
    expect(answer("success")).toBe("running x0");
    expect(answer("success")).toBe("running x0 ready");
    expect(answer("failure")).toBe("running x0 ready");
    expect(answer("unknown")).toBe("running x0 ready");
    expect(answer("failure")).toBe("running x0");
    expect(driver.events).toContain("Unhealthy Readiness probe failed: no");
    expect(driver.events).toContain("Unhealthy Readiness probe errored and resulted in unknown state: no");
  });

  test("liveness kills after three failures with its own grace, and the container is started anew", () => {
    const driver = probed({
      livenessProbe: { exec: { command: ["x"] }, periodSeconds: 1, terminationGracePeriodSeconds: 5 },
    });
    driver.pass(1).takeAsked();
    for (let failures = 0; failures < 3; failures++) driver.probed("nginx", "liveness", "failure", "bad").pass(1);
    expect(driver.events).toContain("Killing Container nginx failed liveness probe, will be restarted");
    expect(driver.takeAsked().filter((asked) => asked.startsWith("signal"))).toEqual(["signal nginx SIGTERM"]);
    driver.pass(3.9);
    expect(driver.takeAsked()).toEqual([]);
    driver.pass(0.1);
    expect(driver.takeAsked()).toEqual(["signal nginx SIGKILL"]);
    driver.exit("nginx", 137);
    expect(driver.takeAsked()).toEqual(["start nginx 1"]);
  });

  test("a startup probe holds the others back", () => {
    const probe = { tcpSocket: { port: 80 }, periodSeconds: 1 };
    const driver = probed({ startupProbe: probe, livenessProbe: probe, readinessProbe: probe });
    driver.takeAsked();
    driver.pass(1);
    expect(driver.takeAsked()).toEqual(["startup nginx"]);
    expect(driver.status.containerStatuses?.[0]).toMatchObject({ ready: false, started: false });
    driver.probed("nginx", "startup", "success");
    expect(driver.status.containerStatuses?.[0]).toMatchObject({ ready: false, started: true });
    expect(driver.takeAsked().toSorted()).toEqual(["liveness nginx", "readiness nginx"]);
    driver.probed("nginx", "readiness", "success");
    expect(driver.condition("Ready")).toBe("True");
  });

  test("while a pod ends, readiness goes on and liveness does not", () => {
    const probe = { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 1 };
    const driver = probed({ livenessProbe: probe, readinessProbe: probe });
    driver
      .pass(1)
      .probed("nginx", "readiness", "success")
      .probed("nginx", "liveness", "success")
      .delete(30)
      .takeAsked();
    driver.pass(1);
    expect(driver.takeAsked()).toEqual(["readiness nginx"]);
    driver.probed("nginx", "readiness", "failure");
    expect(driver.condition("Ready")).toBe("False ContainersNotReady containers with unready status: [nginx]");
  });
});

describe("the end of a pod", () => {
  test("stop signal, grace, SIGKILL, sandbox, then the object goes", () => {
    const driver = new WorkerDriver(testPod({})).begin();
    driver.takeAsked();
    driver.delete(30);
    expect(driver.takeAsked()).toEqual(["signal nginx SIGTERM"]);
    expect(driver.events.at(-1)).toBe("Killing Stopping container nginx");
    driver.pass(29.9);
    expect(driver.takeAsked()).toEqual([]);
    driver.pass(0.1);
    expect(driver.takeAsked()).toEqual(["signal nginx SIGKILL"]);
    expect(driver.finished).toBeUndefined();
    driver.exit("nginx", 137);
    expect(driver.takeAsked()).toEqual(["stopSandbox"]);
    expect(driver.status.phase).toBe("Failed");
    expect(driver.condition("PodReadyToStartContainers")).toBe("False");
    expect(driver.finished).toBe(true);
  });

  test("preStop runs first and uses up the grace period; two seconds remain in any case", () => {
    const containers = [{ name: "nginx", image: "nginx", lifecycle: { preStop: { exec: { command: ["sleep"] } } } }];
    const driver = new WorkerDriver(testPod({ containers })).begin();
    driver.takeAsked();
    driver.delete(10);
    expect(driver.takeAsked()).toEqual(["preStop nginx"]);
    driver.pass(9.5).feed({ kind: "hookDone", hook: "preStop", container: "nginx", attempt: 0, error: "failed" });
    expect(driver.takeAsked()).toEqual(["signal nginx SIGTERM"]);
    expect(driver.events.at(-1)).toBe("FailedPreStopHook PreStopHook failed");
    driver.pass(1.9);
    expect(driver.takeAsked()).toEqual([]);
    driver.pass(0.1);
    expect(driver.takeAsked()).toEqual(["signal nginx SIGKILL"]);
  });

  test("a later delete with less grace shortens it, one with more does not lengthen it", () => {
    const driver = new WorkerDriver(testPod({})).begin().delete(100).pass(10).delete(500).delete(5);
    driver.takeAsked();
    driver.pass(4.9);
    expect(driver.takeAsked()).toEqual([]);
    driver.pass(0.1);
    expect(driver.takeAsked()).toEqual(["signal nginx SIGKILL"]);
  });

  test("an object that vanished still gets its two seconds, and nothing is removed or reported", () => {
    const driver = new WorkerDriver(testPod({})).begin();
    const before = driver.statuses.length;
    driver.feed({ kind: "removed" });
    driver.takeAsked();
    driver.pass(2);
    expect(driver.takeAsked()).toEqual(["signal nginx SIGKILL"]);
    driver.exit("nginx", 137);
    expect(driver.finished).toBe(false);
    expect(driver.statuses).toHaveLength(before);
  });

  test("activeDeadlineSeconds fails the pod", () => {
    const driver = new WorkerDriver(testPod({ activeDeadlineSeconds: 60 })).begin().pass(59.9);
    expect(driver.status.phase).toBe("Running");
    driver.pass(0.1);
    expect(driver.status).toMatchObject({
      phase: "Failed",
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    });
    driver.exit("nginx", 143);
    expect(driver.state("nginx")).toBe("terminated Error 143 x0");
    expect(driver.condition("Ready")).toBe("False PodFailed");
  });

  test("a deleted pod that never ran goes at once", () => {
    const driver = new WorkerDriver(
      testPod({}, { deletionTimestamp: "2026-11-23T20:24:26Z", deletionGracePeriodSeconds: 30 }),
    ).begin();
    expect(driver.takeAsked()).toEqual([]);
    expect(driver.finished).toBe(true);
  });
});

describe("a pod whose image is changed", () => {
  test.each(["Always", "Never"])("kills the container and starts the new one, under policy %s", (restartPolicy) => {
    const driver = new WorkerDriver(testPod({ restartPolicy })).begin();
    driver.takeAsked();
    driver.events.length = 0;
    driver.setImage("nginx", "nginx:2");
    expect(driver.takeAsked()).toEqual(["signal nginx SIGTERM"]);
    expect(driver.events).toEqual(["Killing Container nginx definition changed, will be restarted"]);
    expect(driver.status.containerStatuses?.[0]?.image).toBe("nginx");
    driver.exit("nginx", 0);
    expect(driver.takeAsked()).toEqual(["start nginx 1"]);
    expect(driver.state("nginx")).toBe("running x1 ready");
    expect(driver.status.containerStatuses?.[0]?.image).toBe("nginx:2");
    driver.setImage("nginx", "nginx:2");
    expect(driver.takeAsked()).toEqual([]);
  });

  test("does not wait out the delay of the image that was missing", () => {
    const driver = new WorkerDriver(testPod({}));
    driver.missingImages.add("nginx");
    driver.begin();
    expect(driver.state("nginx")).toBe("waiting ErrImagePull x0");
    driver.takeAsked();
    driver.setImage("nginx", "nginx:2");
    expect(driver.takeAsked()).toEqual(["start nginx 0"]);
  });
});

describe("after the lab was killed", () => {
  const lived = {
    phase: "Running",
    startTime: "2026-11-23T20:00:00Z",
    containerStatuses: [
      {
        name: "nginx",
        image: "nginx",
        imageID: "i",
        containerID: "ordinal://old",
        ready: true,
        restartCount: 2,
        lastState: {},
        state: { running: { startedAt: "2026-11-23T20:00:01Z" } },
      },
    ],
  };

  test("the same pod runs again: one restart more, last state killed", () => {
    const driver = new WorkerDriver(testPod({}, {}, lived)).begin();
    expect(driver.takeAsked()).toEqual(["createSandbox", "start nginx 3"]);
    expect(driver.state("nginx")).toBe("running x3 ready");
    expect(driver.status.startTime).toBe("2026-11-23T20:00:00Z");
    expect(driver.status.containerStatuses?.[0]?.lastState).toEqual({
      terminated: {
        containerID: "ordinal://old",
        exitCode: 137,
        finishedAt: new Date(T0).toISOString().replace(".000", ""),
        reason: "Error",
        startedAt: "2026-11-23T20:00:01Z",
      },
    });
  });

  test("policy Never fails it instead", () => {
    const driver = new WorkerDriver(testPod({ restartPolicy: "Never" }, {}, lived)).begin();
    expect(driver.takeAsked()).toEqual([]);
    expect(driver.status.phase).toBe("Failed");
    expect(driver.state("nginx")).toBe("terminated Error 137 x2");
  });

  test("an ended pod stays as it ended", () => {
    const driver = new WorkerDriver(testPod({ restartPolicy: "Never" }, {}, { phase: "Succeeded" })).begin();
    expect(driver.takeAsked()).toEqual([]);
    expect(driver.statuses).toEqual([]);
  });
});
