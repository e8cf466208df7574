import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

import { defaultArgv, resolve } from "@ordinal/images";

import { run, type ContractCase } from "./contract.ts";

/** Kept by the versions that start real programs. */
export const processContract: readonly ContractCase[] = [
  {
    name: "output goes to the log in the format of the container runtime interface",
    async run(bench) {
      const pod = await bench.pod();
      const config = bench.containerConfig(["sh", "-c", "echo out; echo err >&2; printf rest"]);
      await (
        await pod.startContainer(config)
      ).exited;
      const lines = readFileSync(config.logPath, "utf8").trimEnd().split("\n");
      const words = lines.map((line) => line.replace(/^\S+Z /, "")).toSorted();
      assert.deepEqual(words, ["stderr F err", "stdout F out", "stdout F rest"]);
      await pod.stop();
    },
  },
  {
    name: "the environment has what every container has, and later entries win",
    async run(bench) {
      const config = bench.sandboxConfig();
      const pod = await bench.runtime.createSandbox(config);
      const env = [
        ["A", "1"],
        ["ODD.NAME", "x y"],
        ["A", "2"],
        ["LINES_", "a\nb"],
      ] as const;
      const container = await pod.startContainer(bench.containerConfig(["sleep", "1000"], { env }));
      const { stdout } = await run(container, ["env", "-0"]);
      const seen = new Map(stdout.split("\0").map((line): [string, string] => [line.split("=")[0] ?? "", line]));
      assert.equal(seen.get("A"), "A=2");
      assert.equal(seen.get("ODD.NAME"), "ODD.NAME=x y");
      assert.equal(seen.get("LINES_"), "LINES_=a\nb");
      assert.equal(seen.get("HOSTNAME"), `HOSTNAME=${config.hostname}`);
      assert(seen.has("PATH") && seen.has("HOME"));
      await pod.stop();
    },
  },
  {
    name: "a program decides about SIGTERM, and its whole tree ends with it",
    async run(bench) {
      const pod = await bench.pod();
      const script = 'trap "exit 5" TERM; sleep 1000 & echo ready; while :; do wait; done';
      const container = await pod.startContainer(bench.containerConfig(["sh", "-c", script]));
      const watching = await container.attach({ stdin: false, stdout: true, stderr: false, tty: false });
      // Either the word comes, or it came before anyone watched.
      await Promise.race([
        new Promise((done) => watching.stdout?.once("data", done)),
        run(container, ["sh", "-c", "sleep 0.2"]),
      ]);
      container.kill("SIGTERM");
      assert.deepEqual(await container.exited, { exitCode: 5 });
      await pod.stop();
    },
  },
  {
    name: "a command on a terminal sees its size, its changes, and the exit code arrives",
    async run(bench) {
      const { pod, container } = await bench.running();
      const session = await container.exec({
        command: ["sh", "-c", "test -t 0 && test -t 1; echo is=$?; read -r go; stty size; exit 9"],
        stdin: true,
        stdout: true,
        stderr: false,
        tty: true,
      });
      assert(session.stdin !== undefined && session.stdout !== undefined);
      const output = buffer(session.stdout);
      session.resize(0, 0);
      session.resize(101, 33);
      session.stdin.write("go\n");
      assert.equal((await session.exited).exitCode, 9);
      assert.match((await output).toString(), /is=0\r\n[^]*33 101\r\n$/);
      await pod.stop();
    },
  },
  {
    name: "Ctrl-C on a terminal interrupts the command in front",
    async run(bench) {
      const { pod, container } = await bench.running();
      const session = await container.exec({
        command: ["sh", "-c", "trap 'echo caught; exit 4' INT; echo ready; while :; do sleep 0.05; done"],
        stdin: true,
        stdout: true,
        stderr: false,
        tty: true,
      });
      assert(session.stdin !== undefined && session.stdout !== undefined);
      const { stdin, stdout } = session;
      stdout.once("data", () => stdin.write("\x03"));
      const output = await buffer(stdout);
      assert.match(output.toString(), /caught/);
      assert.equal((await session.exited).exitCode, 4);
      await pod.stop();
    },
  },
  {
    name: "a container on a terminal logs what its clients see",
    async run(bench) {
      const pod = await bench.pod();
      const config = bench.containerConfig(["sh"], { stdin: true, tty: true });
      const container = await pod.startContainer(config);
      const session = await container.attach({ stdin: true, stdout: true, stderr: true, tty: true });
      const other = await container.attach({ stdin: false, stdout: true, stderr: false, tty: true });
      assert(session.stdin !== undefined && session.stdout !== undefined && other.stdout !== undefined);
      const both = Promise.all([buffer(session.stdout), buffer(other.stdout)]);
      session.stdin.write("echo $((6*7)); exit 3\n");
      assert.equal((await container.exited).exitCode, 3);
      for (const output of await both) assert.match(output.toString(), /\b42\r\n/);
      assert.match(readFileSync(config.logPath, "utf8"), /stdout F .*\b42\r\n/);
      await pod.stop();
    },
  },
  {
    name: "a container that floods is held back by an attached client that does not read",
    async run(bench) {
      const pod = await bench.pod();
      const container = await pod.startContainer(
        bench.containerConfig(["sh", "-c", "read -r _; yes"], { stdin: true }),
      );
      const idle = await container.attach({ stdin: true, stdout: true, stderr: false, tty: false });
      assert(idle.stdout !== undefined);
      idle.stdin?.write("go\n");
      const { stdout } = idle;
      while (stdout.readableLength === 0) await new Promise((done) => setTimeout(done, 5));
      let held = -1;
      while (held !== stdout.readableLength) {
        held = stdout.readableLength;
        await new Promise((done) => setTimeout(done, 100));
      }
      assert(held < 2 * 1024 * 1024, `held ${held} bytes`);
      container.kill("SIGKILL");
      assert.equal((await container.exited).exitCode, 137);
      await pod.stop();
    },
  },
  {
    name: "a missing file and one that cannot be executed are refused by name",
    async run(bench) {
      const { pod, container } = await bench.running();
      await assert.rejects(
        run(container, ["/no/such"]),
        /exec: "\/no\/such": stat \/no\/such: no such file or directory/,
      );
      await assert.rejects(run(container, ["/etc/passwd"]), /exec: "\/etc\/passwd": permission denied/);
      await assert.rejects(run(container, ["/etc"]), /exec: "\/etc": is a directory/);
      await pod.stop();
    },
  },
  {
    name: "a program opens its standard streams again by their names",
    async run(bench) {
      const { pod, container } = await bench.running();
      const script = "echo out > /dev/stdout; echo err > /dev/stderr; cat /dev/stdin";
      const { stdout, stderr } = await run(container, ["sh", "-c", script], "in\n");
      assert.deepEqual([stdout, stderr], ["out\nin\n", "err\n"]);
      await pod.stop();
    },
  },
  {
    name: "an image's programs are on the PATH",
    async run(bench) {
      const image = resolve("busybox");
      assert(image !== undefined);
      const odd = {
        ...image,
        programs: { greet: ["/bin/echo", "it's", "a b"], "/usr/bin/greet-too": ["/bin/echo", "too"] },
      };
      const { pod, container } = await bench.running({ image: { ...odd, digest: `sha256:${"e".repeat(64)}` } });
      assert.equal((await run(container, ["greet", "you"])).stdout, "it's a b you\n");
      assert.equal((await run(container, ["sh", "-c", "greet-too"])).stdout, "too\n");
      await pod.stop();
    },
  },
  {
    name: "what is written below a mount is in the volume, and the next run finds it",
    async run(bench) {
      const source = join(bench.directory, "volumes", "data 1");
      mkdirSync(source, { recursive: true });
      const mounts = [{ source, target: "/usr/share/made-up/html", readOnly: false }];
      for (const attempt of [0, 1]) {
        const { pod, container } = await bench.running({ mounts, attempt });
        const { exitCode } = await run(container, ["sh", "-c", "echo run >> /usr/share/made-up/html/index.html"]);
        assert.equal(exitCode, 0);
        await pod.stop();
      }
      assert.equal(readFileSync(join(source, "index.html"), "utf8"), "run\nrun\n");
    },
  },
  {
    name: "hostname says the pod's names",
    async run(bench) {
      const config = bench.sandboxConfig();
      const pod = await bench.runtime.createSandbox(config);
      const container = await pod.startContainer(bench.containerConfig(["sleep", "1000"]));
      assert.equal((await run(container, ["hostname"])).stdout, `${config.hostname}\n`);
      assert.equal((await run(container, ["sh", "-c", "hostname -f"])).stdout, `${config.fqdn}\n`);
      await pod.stop();
    },
  },
  {
    name: "the web server's image serves its volume, answers in its log, and stops by SIGQUIT",
    async run(bench) {
      const image = resolve("k8s.gcr.io/nginx-slim:0.8");
      assert(image !== undefined);
      const source = join(bench.directory, "volumes", "of the web");
      mkdirSync(source, { recursive: true });
      writeFileSync(join(source, "index.html"), "from the volume\n");
      const pod = await bench.pod();
      const config = bench.containerConfig(defaultArgv(image), {
        image,
        env: Object.entries(image.env),
        mounts: [{ source, target: "/usr/share/nginx/html", readOnly: false }],
      });
      const container = await pod.startContainer(config);
      let answer: string | undefined;
      while (answer === undefined) {
        // The server takes its time to start; who asks too early is refused.
        const socket = await pod.connectLocal(80).catch(() => undefined);
        if (socket === undefined) await new Promise((done) => setTimeout(done, 20));
        else answer = (await buffer(socket.end("GET / HTTP/1.0\r\n\r\n"))).toString();
      }
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*from the volume\n$/);
      container.kill("SIGQUIT");
      assert.deepEqual(await container.exited, { exitCode: 0 });
      assert.match(readFileSync(config.logPath, "utf8"), / stdout F 127\.\S+ - - \[.*"GET \/ HTTP\/1\.0" 200 /);
      await pod.stop();
    },
  },
  {
    name: "close ends every pod of the runtime",
    async run(bench) {
      const { container } = await bench.running();
      const other = await bench.running();
      await bench.runtime.close();
      assert.equal((await container.exited).exitCode, 137);
      assert.equal((await other.container.exited).exitCode, 137);
    },
  },
];
