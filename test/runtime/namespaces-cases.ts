import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";

import { run, type ContractCase, type RuntimeBench } from "../../packages/kubernetes/src/runtime/contract.ts";
import { NamespacesRuntime } from "../../packages/kubernetes/src/runtime/namespaces-runtime.ts";
import type { RunningContainer } from "../../packages/kubernetes/src/runtime/pod-runtime.ts";

/** A web server on the port and address given, which answers with the pod's name. */
function webServer(port: number, address = "0.0.0.0"): readonly string[] {
  const script = `require("http").createServer((_, r) => r.end(process.env.HOSTNAME + "\\n")).listen(${port}, "${address}", () => console.log("listening"))`;
  return [process.execPath, "-e", script];
}

async function serving(bench: RuntimeBench, port: number, address?: string) {
  const config = bench.sandboxConfig();
  const pod = await bench.runtime.createSandbox(config);
  const container = await pod.startContainer(bench.containerConfig(webServer(port, address)));
  await listening(container, port);
  return { config, pod, container };
}

async function listening(container: RunningContainer, port: number): Promise<void> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const script = `until grep -qE ":${hex} [0-9A-F:]+ 0A" /proc/net/tcp /proc/net/tcp6; do sleep 0.02; done`;
  assert.equal((await run(container, ["sh", "-c", script])).exitCode, 0);
}

async function ok(container: RunningContainer, script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await run(container, ["sh", "-c", script]);
  assert.equal(exitCode, 0, `${script}: ${stderr}`);
  return stdout;
}

/** What only namespaces give. */
export const namespacesCases: readonly ContractCase[] = [
  {
    name: "two pods listen on port 80 at once, and reach themselves and each other",
    async run(bench) {
      const one = await serving(bench, 80);
      const two = await serving(bench, 80);
      assert.equal(await ok(one.container, "curl -sS http://localhost/"), `${one.config.name}\n`);
      assert.equal(await ok(two.container, "curl -sS http://localhost/"), `${two.config.name}\n`);
      assert.equal(await ok(one.container, `curl -sS http://${two.config.address}/`), `${two.config.name}\n`);
      assert.equal(await ok(two.container, `curl -sS http://${two.config.fqdn}/`), `${two.config.name}\n`);
      await Promise.all([one.pod.stop(), two.pod.stop()]);
    },
  },
  {
    name: "a container cannot change the machine's settings, its own mounts or the pod's network, as root neither",
    async run(bench) {
      const pod = await bench.pod();
      const container = await pod.startContainer(bench.containerConfig(["sleep", "1000"]));
      const attempts = [
        'p=$(cat /proc/sys/kernel/core_pattern) && echo "$p" >/proc/sys/kernel/core_pattern',
        "mount -o remount,bind,rw /proc/sys",
        "umount /proc/sys",
        "umount -l /proc",
        "unshare -m umount /proc/sys",
        "unshare -Urm umount /proc/sys",
        "unshare -Urmpf mount -t proc proc /proc",
        "mount -o remount,bind,rw /dev",
        "mount -t tmpfs none /mnt",
        "touch /var/cache/ordinal/x",
        "mount -o remount,bind,rw /var/cache/ordinal && touch /var/cache/ordinal/x",
        "ip link set eth0 down",
        "hostname another",
      ];
      for (const attempt of attempts) {
        const { exitCode } = await run(container, ["sh", "-c", `(${attempt}) 2>/dev/null`]);
        assert.notEqual(exitCode, 0, attempt);
      }
      assert.equal(await ok(container, "id -u"), "0\n");
      await pod.stop();
    },
  },
  {
    name: "a container that made something else of its shell runs that inside only",
    async run(bench) {
      const pod = await bench.pod();
      const container = await pod.startContainer(bench.containerConfig(["sleep", "1000"]));
      // Outside of the container's PID namespace its /proc has no `self`.
      const script =
        '#!SHELL.real\\nreadlink /proc/self/ns/pid >>/tmp/seen || echo outside >>/tmp/seen\\nexec SHELL.real "$@"\\n';
      await ok(
        container,
        `s=$(readlink -f /bin/sh) && cp $s $s.real && printf '${script}' | sed "s,SHELL,$s," >/tmp/s && chmod 755 /tmp/s && mv /tmp/s $s`,
      );
      for (const tty of [false, true]) {
        const session = await container.exec({ command: ["true"], stdin: false, stdout: true, stderr: true, tty });
        session.stdout?.resume();
        session.stderr?.resume();
        await session.exited;
      }
      const lines = (await ok(container, "cat /tmp/seen")).trim().split("\n");
      assert(lines.length >= 2, lines.join());
      assert.deepEqual(new Set(lines).size, 1, lines.join());
      assert.match(lines[0] ?? "", /^pid:/);
      await pod.stop();
    },
  },
  {
    name: "the agent reaches pods at their addresses",
    async run(bench) {
      const { config, pod } = await serving(bench, 80);
      const socket = createConnection({ host: config.address, port: 80 });
      socket.end("GET / HTTP/1.0\r\n\r\n");
      assert.match((await buffer(socket)).toString(), new RegExp(`${config.name}\n$`));
      await pod.stop();
    },
  },
  {
    name: "a connection to localhost of a pod reaches what listens there only",
    async run(bench) {
      const { config, pod } = await serving(bench, 8099, "127.0.0.1");
      for (let n = 0; n < 2; n++) {
        const socket = await pod.connectLocal(8099);
        socket.end("GET / HTTP/1.0\r\n\r\n");
        assert.match((await buffer(socket)).toString(), new RegExp(`${config.name}\n$`));
      }
      await pod.stop();
    },
  },
  {
    name: "a node's link can be cut and connected again",
    async run(bench) {
      assert(bench.runtime instanceof NamespacesRuntime);
      const one = await bench.pod({ nodeName: "node-cut" });
      const { config, pod } = await serving(bench, 80);
      const client = await one.startContainer(bench.containerConfig(["sleep", "1000"]));
      const curl = `curl -sS -m 1 http://${config.address}/`;
      assert.equal(await ok(client, curl), `${config.name}\n`);
      await bench.runtime.setNodeLink("node-cut", "down");
      assert.notEqual((await run(client, ["sh", "-c", curl])).exitCode, 0);
      await bench.runtime.setNodeLink("node-cut", "up");
      assert.equal(await ok(client, `${curl} --retry 5 --retry-connrefused --retry-all-errors`), `${config.name}\n`);
      await Promise.all([one.stop(), pod.stop()]);
    },
  },
  {
    name: "a container changes, adds and removes files without touching the machine, and the next run starts afresh",
    async run(bench) {
      const before = readFileSync("/etc/hostname", "utf8");
      const pod = await bench.pod();
      const container = await pod.startContainer(bench.containerConfig(["sleep", "1000"]));
      await ok(container, "rm /usr/bin/awk && ! command -v awk");
      await ok(container, "echo changed > /etc/hostname; echo new > /etc/new; mkdir -p /opt/x /usr/share/y /usr/lib/z");
      await ok(container, "echo '#!/bin/sh\necho mine' > /usr/local/bin/mine; chmod +x /usr/local/bin/mine");
      assert.equal(await ok(container, "mine; cat /etc/hostname /etc/new"), "mine\nchanged\nnew\n");
      assert(existsSync("/usr/bin/awk"));
      assert(!existsSync("/etc/new") && !existsSync("/opt/x") && !existsSync("/usr/local/bin/mine"));
      assert.equal(readFileSync("/etc/hostname", "utf8"), before);
      container.kill("SIGKILL");
      await container.exited;
      const next = await pod.startContainer(bench.containerConfig(["sleep", "1000"], { attempt: 1 }));
      await ok(next, "command -v awk; test ! -e /etc/new");
      await pod.stop();
    },
  },
  {
    name: "the machine's own files are hidden, and the project is read-only",
    async run(bench) {
      const { pod, container } = await bench.running();
      assert.equal(await ok(container, "ls -A /root /home /srv /mnt /media | grep -v : | tr -d '\\n'"), "");
      await ok(container, "test ! -e /etc/shadow; test ! -e /etc/ssh; test ! -e /etc/sudoers");
      const project = join(import.meta.dirname, "../..");
      assert.equal(await ok(container, `ls -A '${project}'`), "node_modules\npackages\n");
      assert.notEqual((await run(container, ["touch", join(project, "packages/x")])).exitCode, 0);
      await ok(container, `'${process.execPath}' -e 'process.exit(0)'`);
      await pod.stop();
    },
  },
  {
    name: "hosts, names and devices are the container's own",
    async run(bench) {
      const config = bench.sandboxConfig();
      const pod = await bench.runtime.createSandbox(config);
      const container = await pod.startContainer(bench.containerConfig(["sleep", "1000"]));
      assert.equal(await ok(container, "cat /etc/hosts"), config.hostsFile);
      assert.equal(await ok(container, "cat /etc/resolv.conf"), config.resolvFile);
      assert.equal(await ok(container, "cat /proc/sys/kernel/hostname"), `${config.hostname}\n`);
      assert.match(await ok(container, `getent hosts ${config.name}`), new RegExp(`^${config.address} `));
      await ok(container, "echo x > /dev/null; head -c 4 /dev/urandom > /tmp/r; echo x > /dev/shm/x; test -c /dev/tty");
      assert.equal(await ok(container, "ls /sys/class/net | tr '\\n' ' '"), "eth0 lo ");
      await pod.stop();
    },
  },
  {
    name: "the containers of a pod share its network and shared memory, and not their files",
    async run(bench) {
      const pod = await bench.pod();
      const one = await pod.startContainer(bench.containerConfig(["sleep", "1000"], { name: "one" }));
      const two = await pod.startContainer(bench.containerConfig(webServer(80), { name: "two" }));
      await listening(one, 80);
      await ok(one, "curl -sS http://localhost/ && echo x > /dev/shm/x && echo x > /tmp/x");
      await ok(two, "cat /dev/shm/x && test ! -e /tmp/x");
      await pod.stop();
    },
  },
  {
    name: "the program is PID 1: it ignores signals it does not handle, and nothing outlives it",
    async run(bench) {
      const { pod, container } = await bench.running();
      assert.match(await ok(container, "cat /proc/1/cmdline | tr '\\0' ' '"), /^sleep 1000 $/);
      container.kill("SIGTERM");
      await ok(container, "setsid sleep 1000 >/dev/null 2>&1 & test -e /proc/1/cmdline");
      container.kill("SIGKILL");
      assert.equal((await container.exited).exitCode, 137);
      await pod.stop();
    },
  },
  {
    name: "another user has a name, writes volumes, binds port 80, and is who it says in exec",
    async run(bench) {
      const source = join(bench.directory, "volumes", "of a user");
      mkdirSync(source, { recursive: true });
      const pod = await bench.pod();
      const container = await pod.startContainer(
        bench.containerConfig(webServer(80), {
          runAsUser: 1000,
          fsGroup: 2000,
          mounts: [{ source, target: "/var/lib/zookeeper", readOnly: false }],
        }),
      );
      await listening(container, 80);
      assert.equal(await ok(container, "id -u; id -g; whoami"), "1000\n2000\ndefault\n");
      await ok(
        container,
        "mkdir -p /var/lib/zookeeper/data && echo 1 > /var/lib/zookeeper/data/myid && curl -sS localhost",
      );
      assert.equal(await ok(container, "stat -c '%u %g' /var/lib/zookeeper/data/myid"), "1000 2000\n");
      assert.match(await ok(container, "ps -o user= -p 1"), /^default\s*$/);
      assert.equal(readFileSync(join(source, "data/myid"), "utf8"), "1\n");
      await pod.stop();
    },
  },
  {
    name: "mount points may be new, single files, or read-only",
    async run(bench) {
      const folder = join(bench.directory, "volumes", "at the root");
      const file = join(bench.directory, "volumes", "app.conf");
      mkdirSync(folder, { recursive: true });
      const message = join(bench.directory, "volumes", "message");
      const inner = join(bench.directory, "volumes", "inner");
      mkdirSync(inner, { recursive: true });
      writeFileSync(message, "");
      writeFileSync(file, "port = 1\n");
      writeFileSync(join(folder, "kept"), "kept\n");
      const { pod, container } = await bench.running({
        mounts: [
          { source: folder, target: "/cassandra_data", readOnly: false },
          { source: folder, target: "/usr/share/read only", readOnly: true },
          { source: file, target: "/etc/app/app.conf", readOnly: true },
          { source: message, target: "/dev/termination-log", readOnly: false },
          { source: inner, target: "/cassandra_data/inner", readOnly: false },
          { source: inner, target: "/lib/through/a/link", readOnly: false },
        ],
      });
      await ok(container, "echo why > /dev/termination-log; echo in > /cassandra_data/inner/x");
      assert.equal(readFileSync(message, "utf8"), "why\n");
      assert.equal(await ok(container, "cat /usr/lib/through/a/link/x"), "in\n");
      assert.notEqual((await run(container, ["touch", "/dev/x"])).exitCode, 0);
      assert.equal(await ok(container, "cat /cassandra_data/kept '/usr/share/read only/kept'"), "kept\nkept\n");
      assert.equal(await ok(container, "cat /etc/app/app.conf"), "port = 1\n");
      await ok(container, "echo x > /cassandra_data/new");
      assert.equal(readFileSync(join(folder, "new"), "utf8"), "x\n");
      assert.notEqual((await run(container, ["touch", "/usr/share/read only/new"])).exitCode, 0);
      assert.notEqual((await run(container, ["sh", "-c", "echo x >> /etc/app/app.conf"])).exitCode, 0);
      await pod.stop();
    },
  },
  {
    name: "a read-only root refuses writes everywhere but in volumes",
    async run(bench) {
      const source = join(bench.directory, "volumes", "writable");
      mkdirSync(source, { recursive: true });
      const { pod, container } = await bench.running({
        readOnlyRootFilesystem: true,
        mounts: [{ source, target: "/data", readOnly: false }],
      });
      for (const path of ["/x", "/usr/x", "/etc/x", "/opt/x", "/tmp/x"]) {
        assert.notEqual((await run(container, ["touch", path])).exitCode, 0, path);
      }
      await ok(container, "touch /data/x");
      await pod.stop();
    },
  },
  {
    name: "a missing working directory is made, and exec starts there",
    async run(bench) {
      const { pod, container } = await bench.running({ workingDirectory: "/srv/a b" });
      assert.equal(await ok(container, "pwd"), "/srv/a b\n");
      await pod.stop();
    },
  },
  {
    name: "a terminal has a name in the container, and its shell controls jobs",
    async run(bench) {
      const { pod, container } = await bench.running();
      const session = await container.exec({
        command: ["bash", "-i"],
        stdin: true,
        stdout: true,
        stderr: false,
        tty: true,
      });
      assert(session.stdin !== undefined && session.stdout !== undefined);
      session.stdin.write("tty; sleep 100 & kill %1 && echo killed; exit 0\n");
      const output = (await buffer(session.stdout)).toString();
      assert.match(output, /\/dev\/pts\/\d+\r\n/);
      assert.match(output, /killed\r\n/);
      assert.doesNotMatch(output, /no job control|cannot set terminal/);
      await pod.stop();
    },
  },
  {
    name: "a flood goes into bounded logs, and the agent stays responsive",
    async run(bench) {
      const config = bench.containerConfig(["sh", "-c", "yes 'a line of some length that goes on and on'"]);
      const pod = await bench.pod();
      const before = process.memoryUsage().rss;
      const container = await pod.startContainer(config);
      let latestMs = 0;
      for (let turn = 0; turn < 60; turn++) {
        const asked = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 25));
        latestMs = Math.max(latestMs, performance.now() - asked - 25);
      }
      const folder = dirname(config.logPath);
      const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
      container.kill("SIGKILL");
      assert.equal((await container.exited).exitCode, 137);
      await pod.stop();
      const total = sizes.reduce((sum, size) => sum + size, 0);
      assert(sizes.length > 1 && sizes.length <= 5, `${sizes.length} files`);
      assert(Math.max(...sizes) <= 10 * 1024 * 1024, "a file is too large");
      assert(total < 128 * 1024 * 1024, `${total} bytes of log`);
      assert(process.memoryUsage().rss - before < 200 * 1024 * 1024, "memory grew");
      assert(latestMs < 1000, `a timer came ${latestMs} ms late`);
    },
  },
  {
    name: "50 pods start and stop at once",
    async run(bench) {
      const pods = await Promise.all(Array.from({ length: 50 }, () => bench.running()));
      const codes = await Promise.all(pods.map(({ container }) => run(container, ["true"])));
      assert(codes.every(({ exitCode }) => exitCode === 0));
      await Promise.all(pods.map(({ pod }) => pod.stop()));
    },
  },
];
