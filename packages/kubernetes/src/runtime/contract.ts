import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

import { resolve, type Image } from "@ordinal/images";

import type { ContainerConfig, PodRuntime, PodSandbox, RunningContainer, SandboxConfig } from "./pod-runtime.ts";

/**
 * What every version of the `PodRuntime` port promises. Cases know no test framework, because the namespaces version can
 * only run inside a lab's namespaces, where no test runner is.
 */
export interface ContractCase {
  readonly name: string;
  run(bench: RuntimeBench): Promise<void>;
}

/** A runtime and the makings of pods for it. */
export class RuntimeBench {
  readonly runtime: PodRuntime;
  /** Scratch folder; its path may have blanks. */
  readonly directory: string;
  readonly #subnet: string;
  #pods = 0;
  #runs = 0;

  /** `subnet` is the beginning of the addresses to use, e.g. `127.77.`. */
  constructor(runtime: PodRuntime, directory: string, subnet: string) {
    this.runtime = runtime;
    this.directory = directory;
    this.#subnet = subnet;
  }

  sandboxConfig(overrides: Partial<SandboxConfig> = {}): SandboxConfig {
    this.#pods += 1;
    const number = this.#pods + 9;
    const address = `${this.#subnet}${Math.floor(number / 250)}.${number % 250}`;
    const name = `web-${this.#pods}`;
    const uid = `uid-${this.#pods}`;
    const fqdn = `${name}.nginx.default.svc.cluster.local`;
    const directory = join(this.directory, "pods", uid);
    mkdirSync(directory, { recursive: true });
    return {
      uid,
      namespace: "default",
      name,
      hostname: name,
      fqdn,
      address,
      hostsFile: `127.0.0.1\tlocalhost\n${address}\t${fqdn}\t${name}\n`,
      resolvFile: `search default.svc.cluster.local\nnameserver ${this.#subnet}240.10\noptions ndots:5\n`,
      directory,
      nodeName: "node-1",
      ...overrides,
    };
  }

  containerConfig(argv: readonly string[], overrides: Partial<ContainerConfig> = {}): ContainerConfig {
    this.#runs += 1;
    const image: Image | undefined = resolve("busybox");
    assert(image !== undefined);
    return {
      name: "main",
      attempt: 0,
      image,
      argv,
      env: [],
      workingDirectory: "/",
      mounts: [],
      runAsUser: undefined,
      runAsGroup: undefined,
      readOnlyRootFilesystem: false,
      stdin: false,
      stdinOnce: false,
      tty: false,
      logPath: join(this.directory, "logs", `run-${this.#runs}`, "0.log"),
      ...overrides,
    };
  }

  async pod(overrides: Partial<SandboxConfig> = {}): Promise<PodSandbox> {
    return this.runtime.createSandbox(this.sandboxConfig(overrides));
  }

  /** Starts a program that runs until it is stopped, in a pod of its own. */
  async running(overrides: Partial<ContainerConfig> = {}): Promise<{ pod: PodSandbox; container: RunningContainer }> {
    const pod = await this.pod();
    return { pod, container: await pod.startContainer(this.containerConfig(["sleep", "1000"], overrides)) };
  }
}

/** Runs a command to its end; `input` is its whole standard input. */
export async function run(
  container: RunningContainer,
  command: readonly string[],
  input?: string,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const session = await container.exec({
    command,
    stdin: input !== undefined,
    stdout: true,
    stderr: true,
    tty: false,
  });
  session.stdin?.end(input);
  assert(session.stdout !== undefined && session.stderr !== undefined);
  const [{ exitCode }, stdout, stderr] = await Promise.all([
    session.exited,
    buffer(session.stdout),
    buffer(session.stderr),
  ]);
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** Kept by all three versions. */
export const runtimeContract: readonly ContractCase[] = [
  {
    name: "a sandbox has the address it was given",
    async run(bench) {
      const config = bench.sandboxConfig();
      const pod = await bench.runtime.createSandbox(config);
      assert.equal(pod.address, config.address);
      await pod.stop();
    },
  },
  {
    name: "a container runs until SIGKILL, which is exit code 137",
    async run(bench) {
      const { pod, container } = await bench.running();
      assert.match(container.id, /^[0-9a-f]{64}$/);
      assert.equal((await run(container, ["true"])).exitCode, 0);
      container.kill("SIGKILL");
      assert.equal((await container.exited).exitCode, 137);
      container.kill("SIGTERM");
      await pod.stop();
    },
  },
  {
    name: "the program's exit code is the container's, and each run has an id of its own",
    async run(bench) {
      const pod = await bench.pod();
      const ids = new Set<string>();
      for (const [attempt, exitCode] of [0, 3, 255].entries()) {
        const config = bench.containerConfig(["sh", "-c", `exit ${exitCode}`], { attempt });
        const container = await pod.startContainer(config);
        ids.add(container.id);
        assert.deepEqual(await container.exited, { exitCode });
      }
      assert.equal(ids.size, 3);
      await pod.stop();
    },
  },
  {
    name: "a program that is not there is refused in the words of an OCI runtime, and the pod can go on",
    async run(bench) {
      const pod = await bench.pod();
      await assert.rejects(pod.startContainer(bench.containerConfig(["no-such-program"])), (error: Error) => {
        assert.match(error.message, /exec: "no-such-program": executable file not found in \$PATH/);
        assert.match(error.message, /^failed to create containerd task/);
        return true;
      });
      const container = await pod.startContainer(bench.containerConfig(["true"], { attempt: 1 }));
      assert.equal((await container.exited).exitCode, 0);
      await pod.stop();
    },
  },
  {
    name: "exec gives output, exit code and input to a command",
    async run(bench) {
      const { pod, container } = await bench.running();
      assert.deepEqual(await run(container, ["echo", "a", "b c"]), { exitCode: 0, stdout: "a b c\n", stderr: "" });
      assert.equal((await run(container, ["sh", "-c", "exit 7"])).exitCode, 7);
      const text = "x".repeat(300_000);
      assert.equal((await run(container, ["cat"], text)).stdout, text);
      await pod.stop();
    },
  },
  {
    name: "exec of a command that is not there rejects in the words of an OCI runtime",
    async run(bench) {
      const { pod, container } = await bench.running();
      await assert.rejects(run(container, ["no-such-program"]), {
        message:
          "OCI runtime exec failed: exec failed: unable to start container process: " +
          'exec: "no-such-program": executable file not found in $PATH: unknown',
      });
      await pod.stop();
    },
  },
  {
    name: "closing an exec session ends its command",
    async run(bench) {
      const { pod, container } = await bench.running();
      const session = await container.exec({
        command: ["sleep", "1000"],
        stdin: true,
        stdout: true,
        stderr: true,
        tty: false,
      });
      session.close();
      assert.equal((await session.exited).exitCode, 137);
      await pod.stop();
    },
  },
  {
    name: "an attached client writes to the program and reads from it; stdinOnce ends the input with it",
    async run(bench) {
      const pod = await bench.pod();
      const container = await pod.startContainer(bench.containerConfig(["cat"], { stdin: true, stdinOnce: true }));
      const session = await container.attach({ stdin: true, stdout: true, stderr: true, tty: false });
      assert(session.stdin !== undefined && session.stdout !== undefined);
      const output = buffer(session.stdout);
      session.stdin.write("hello ");
      session.stdin.end("there");
      assert.equal((await output).toString(), "hello there");
      assert.deepEqual(await session.exited, { exitCode: 0 });
      assert.deepEqual(await container.exited, { exitCode: 0 });
      await pod.stop();
    },
  },
  {
    name: "without stdinOnce the input stays open for the next client",
    async run(bench) {
      const pod = await bench.pod();
      const container = await pod.startContainer(bench.containerConfig(["cat"], { stdin: true }));
      for (const word of ["first", "second"]) {
        const session = await container.attach({ stdin: true, stdout: true, stderr: false, tty: false });
        assert(session.stdin !== undefined && session.stdout !== undefined);
        const { stdout } = session;
        const piece = new Promise<string>((done) => stdout.once("data", (data: Buffer) => done(data.toString())));
        session.stdin.end(word);
        assert.equal(await piece, word);
        session.close();
      }
      container.kill("SIGKILL");
      assert.equal((await container.exited).exitCode, 137);
      await pod.stop();
    },
  },
  {
    name: "stop ends the pod's containers, can be repeated, and nothing can be started after it",
    async run(bench) {
      const { pod, container } = await bench.running();
      await Promise.all([pod.stop(), pod.stop()]);
      assert.equal((await container.exited).exitCode, 137);
      await pod.stop();
      await assert.rejects(pod.startContainer(bench.containerConfig(["true"])));
      await assert.rejects(run(container, ["true"]));
      await assert.rejects(container.attach({ stdin: false, stdout: true, stderr: true, tty: false }));
    },
  },
  {
    name: "several containers of a pod end each for itself",
    async run(bench) {
      const pod = await bench.pod();
      const one = await pod.startContainer(bench.containerConfig(["sleep", "1000"], { name: "one" }));
      const two = await pod.startContainer(bench.containerConfig(["sleep", "1000"], { name: "two" }));
      one.kill("SIGKILL");
      assert.equal((await one.exited).exitCode, 137);
      assert.equal((await run(two, ["true"])).exitCode, 0);
      await pod.stop();
    },
  },
  {
    name: "a connection to a port that nobody listens on is refused",
    async run(bench) {
      const pod = await bench.pod();
      await assert.rejects(pod.connectLocal(4), /ECONNREFUSED/);
      await pod.stop();
    },
  },
];
