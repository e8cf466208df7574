import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

import { findMachineTools, findTool, requireMachineTools } from "./machine-tools.ts";
import { runTool } from "./run-tool.ts";

/**
 * The lab's outer namespaces: one user namespace in which the lab's user is 0, with mount, network, IPC and PID
 * namespaces of its own. What runs in them needs no rights on the machine and can take none.
 */
const LAB_NAMESPACES = ["--user", "--map-root-user", "--net", "--mount", "--ipc", "--pid", "--fork", "--kill-child"];

export interface LabNamespacesOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** As for `spawn`; `["ignore", "inherit", "inherit", "ipc"]` unless said otherwise. */
  readonly stdio?: StdioOptions;
}

/**
 * Starts `argv` as PID 1 of new lab namespaces. The returned process is the one that waits for it (`unshare`): killing
 * it kills everything inside, and so does the end of this process, however it ends: the kernel signals the waiting
 * process where `setpriv` exists, and the program inside is expected to exit on the IPC channel's `disconnect`.
 */
export function startInLabNamespaces(argv: readonly string[], options: LabNamespacesOptions = {}): ChildProcess {
  const { unshare } = requireMachineTools();
  const setpriv = findTool("setpriv");
  const command = [
    ...(setpriv === undefined ? [] : [setpriv, "--pdeathsig", "KILL", "--"]),
    unshare,
    ...LAB_NAMESPACES,
    "--mount-proc",
    "--",
    ...argv,
  ];
  return spawn(command[0] ?? unshare, command.slice(1), {
    stdio: options.stdio ?? ["ignore", "inherit", "inherit", "ipc"],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

export type NamespacesProbe =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/**
 * Whether this machine lets this user make pods out of namespaces, found by making everything a pod needs once, in
 * `directory` (an existing folder of the file system that will hold the pods' files). Takes about 30 ms.
 */
export async function probeNamespaces(directory: string): Promise<NamespacesProbe> {
  if (process.platform !== "linux") {
    return {
      ok: false,
      reason: `namespaces are a part of Linux, this is ${process.platform}`,
      remedy: "use `docker compose up`, which gives each pod a container",
    };
  }
  const found = findMachineTools();
  if ("missing" in found) {
    return {
      ok: false,
      reason: `missing programs: ${found.missing.join(", ")}`,
      remedy: `install the packages that bring them (Debian: apt install ${found.packages.join(" ")})`,
    };
  }
  const { tools } = found;
  try {
    await runTool(tools.unshare, [...LAB_NAMESPACES, "--", "true"]);
  } catch (error) {
    return { ok: false, ...explainRefusal(messageOf(error)) };
  }
  try {
    await runTool(tools.unshare, [
      ...LAB_NAMESPACES,
      "--mount-proc",
      "--",
      tools.sh,
      "-c",
      PROBE_SCRIPT,
      "probe",
      directory,
    ]);
  } catch (error) {
    return {
      ok: false,
      reason: `a pod's mounts or links are refused: ${messageOf(error)}`,
      remedy: "a kernel of 5.11 or later with overlayfs, veth and bridge, and a home on a local file system",
    };
  }
  return { ok: true };
}

/** One overlay with a private upper folder, one bridge, one veth pair into a network namespace, one nested user. */
const PROBE_SCRIPT = `set -e
scratch=$1/.probe-$$-$(cat /proc/sys/kernel/random/uuid)
mkdir -p "$scratch"; cd "$scratch"
trap 'cd /; rm -rf "$scratch"' EXIT
mkdir lower upper work merged
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr overlay merged
echo x > merged/x
umount merged
ip link add probe type bridge
ip link add probe0 type veth peer name probe1
ip link set probe0 master probe
unshare --net --uts --ipc --mount --pid --fork -- true
unshare --user --map-user=1000 --map-group=1000 -- true
`;

/** Who refuses user namespaces, in the order in which distributions do. */
function explainRefusal(complaint: string): { reason: string; remedy: string } {
  const sysctl = (name: string) => {
    const path = `/proc/sys/${name}`;
    return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
  };
  if (sysctl("kernel/apparmor_restrict_unprivileged_userns") === "1") {
    return {
      reason: "AppArmor refuses user namespaces to ordinary users (kernel.apparmor_restrict_unprivileged_userns=1)",
      remedy: "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    };
  }
  if (sysctl("kernel/unprivileged_userns_clone") === "0") {
    return {
      reason: "the kernel refuses user namespaces to ordinary users (kernel.unprivileged_userns_clone=0)",
      remedy: "sudo sysctl -w kernel.unprivileged_userns_clone=1",
    };
  }
  if (sysctl("user/max_user_namespaces") === "0") {
    return {
      reason: "user namespaces are switched off (user.max_user_namespaces=0)",
      remedy: "sudo sysctl -w user.max_user_namespaces=15000",
    };
  }
  return {
    reason: `user namespaces are refused: ${complaint}`,
    remedy:
      "inside a container allow them (e.g. docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined)",
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
