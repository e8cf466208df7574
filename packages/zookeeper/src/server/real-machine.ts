import { readdirSync, readFileSync } from "node:fs";
import { arch, homedir, hostname, release, tmpdir, type, userInfo } from "node:os";
import { dirname } from "node:path";
import { getHeapStatistics } from "node:v8";

import type { Machine } from "./machine.ts";
import { FULL_VERSION } from "./version.ts";

// Source: org.apache.zookeeper.Environment.

const MEGABYTE = 1024 * 1024;

/** The machine this process runs on. Keys that name Java say what stands in its place. */
export const realMachine: Machine = {
  environment() {
    const heap = getHeapStatistics();
    const free = heap.total_heap_size - heap.used_heap_size;
    return [
      ["zookeeper.version", FULL_VERSION],
      ["host.name", hostname()],
      ["java.version", "<NA>"],
      ["java.vendor", `Node.js ${process.version}`],
      ["java.home", dirname(dirname(process.execPath))],
      ["java.class.path", process.argv[1] ?? "<NA>"],
      ["java.library.path", "<NA>"],
      ["java.io.tmpdir", tmpdir()],
      ["java.compiler", "<NA>"],
      ["os.name", type()],
      ["os.arch", arch() === "x64" ? "amd64" : arch() === "arm64" ? "aarch64" : arch()],
      ["os.version", release()],
      ["user.name", userName()],
      ["user.home", homedir()],
      ["user.dir", process.cwd()],
      ["os.memory.free", `${Math.floor(free / MEGABYTE)}MB`],
      ["os.memory.max", `${Math.floor(heap.heap_size_limit / MEGABYTE)}MB`],
      ["os.memory.total", `${Math.floor(heap.total_heap_size / MEGABYTE)}MB`],
    ];
  },
  openFileDescriptors() {
    try {
      return readdirSync("/proc/self/fd").length;
    } catch {
      return undefined; // not Linux
    }
  },
  maxFileDescriptors() {
    try {
      const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
      return line === null ? undefined : Number(line[1]);
    } catch {
      return undefined;
    }
  },
};

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "?"; // a uid without a name, as in containers
  }
}
