import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

import type { Forward } from "../agent/index.ts";

/** Format of a lab's home. Raise it with a migration when a file of the home changes its meaning. */
const HOME_FORMAT = 1;
/** Below this a start refuses: the store's log and a rotated container log must fit. */
const FREE_BYTES_MIN = 16 * 1024 * 1024;

/** A home that cannot be used; the message says what to do. `code` is stable. */
export class HomeError extends Error {
  readonly code: "HOME_FORMAT" | "HOME_FOREIGN" | "HOME_ACCESS" | "HOME_FULL";
  constructor(code: HomeError["code"], message: string) {
    super(message);
    this.name = "HomeError";
    this.code = code;
  }
}

/** Where everything of one lab lies. Absolute paths. */
export interface Home {
  readonly directory: string;
  readonly kubeconfig: string;
  readonly pki: string;
  readonly store: string;
  readonly volumes: string;
  readonly pods: string;
  readonly logs: string;
  readonly cache: string;
  /** Users' own images. */
  readonly images: string;
  readonly state: string;
  /** What the host reaches where, as `Forward` rows; rewritten at every change. */
  readonly forwards: string;
}

/** What a running lab writes for the commands beside it, and a later start reads back. */
export interface LabState {
  readonly format: number;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot (field 22 of /proc/PID/stat): tells a reused pid apart. */
  readonly pidStart: string;
  readonly agentPid?: number;
  readonly agentPidStart?: string;
  readonly apiPort: number;
  readonly dnsPort: number;
  /** The N of 127.N.0.0/16. */
  readonly subnet: number;
  readonly runtime: "namespaces" | "processes";
  /** The home is taken, but the API does not answer yet; ports and addresses may be those of the last run. */
  readonly starting: boolean;
  /** Set once every pod of the start was Ready. */
  readonly ready: boolean;
}

/** The home of `--home`, `ORDINAL_HOME`, or `~/.ordinal`, in this order. */
export function homeDirectory(option?: string): string {
  const chosen = option ?? process.env["ORDINAL_HOME"];
  return chosen !== undefined && chosen !== "" ? resolve(chosen) : join(homedir(), ".ordinal");
}

export function homePaths(directory: string): Home {
  return {
    directory,
    kubeconfig: join(directory, "kubeconfig"),
    pki: join(directory, "pki"),
    store: join(directory, "store"),
    volumes: join(directory, "volumes"),
    pods: join(directory, "pods"),
    logs: join(directory, "logs"),
    cache: join(directory, "cache"),
    images: join(directory, "images.yaml"),
    state: join(directory, "lab.json"),
    forwards: join(directory, "forwards.json"),
  };
}

/** Makes the folders of a home, or checks that an existing one is ours. Throws `HomeError`. */
export function openHome(directory: string): Home {
  const home = homePaths(directory);
  const versionFile = join(directory, "version");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    checkOwner(directory);
    // Pods that run as another user reach their volumes by bind mounts made by the lab; nobody else needs to look in here.
    chmodSync(directory, 0o700);
    // Before the folders: without it they would look like someone else's.
    if (!checkVersion(directory, versionFile)) replaceFile(versionFile, `${HOME_FORMAT}\n`);
    for (const folder of [home.store, home.volumes, home.pods, home.logs, home.cache])
      mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw explain(error, directory);
  }
  const free = statfsSync(directory);
  if (free.bavail * free.bsize < FREE_BYTES_MIN) {
    throw new HomeError(
      "HOME_FULL",
      `The disk of ${directory} has ${Math.floor((free.bavail * free.bsize) / 1024)} KiB left; a lab needs at least ${FREE_BYTES_MIN / 1024 / 1024} MiB. ` +
        "Free some space, or choose another folder with --home.",
    );
  }
  return home;
}

/** Whoever owns the folder could read the token and replace what the lab runs, whatever its mode is now. */
function checkOwner(directory: string): void {
  const { uid } = statSync(directory);
  if (uid === process.getuid?.()) return;
  throw new HomeError(
    "HOME_ACCESS",
    `${directory} belongs to another user (uid ${uid}). Run as that user, or choose a folder of your own with --home DIR.`,
  );
}

/** False when the folder has no version yet. */
function checkVersion(directory: string, versionFile: string): boolean {
  if (!existsSync(versionFile)) {
    if (existsSync(join(directory, "store")) || existsSync(join(directory, "lab.json")))
      throw new HomeError(
        "HOME_FOREIGN",
        `${directory} looks like a lab's home but its version file is gone. Move the folder away, or choose another with --home.`,
      );
    return false;
  }
  const text = readFileSync(versionFile, "utf8").trim();
  if (!/^\d+$/.test(text))
    throw new HomeError(
      "HOME_FORMAT",
      `${versionFile} is damaged: it should hold the number of the folder's format. If this version of Ordinal wrote ${directory}, write ${HOME_FORMAT} into the file; else choose another folder with --home.`,
    );
  if (text !== String(HOME_FORMAT))
    throw new HomeError(
      "HOME_FORMAT",
      `${directory} belongs to another version of Ordinal (format ${text.slice(0, 20)}, this one writes ${HOME_FORMAT}). Use that version, choose another folder with --home, or empty it with \`ordinal reset\`.`,
    );
  return true;
}

function explain(error: unknown, directory: string): Error {
  if (error instanceof HomeError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return new HomeError(
      "HOME_ACCESS",
      `No permission to write ${directory}. Choose a folder of your own with --home DIR.`,
    );
  if (code === "ENOTDIR" || code === "EEXIST")
    return new HomeError("HOME_ACCESS", `${directory} is not a folder. Choose another with --home DIR.`);
  if (code === "ENOSPC" || code === "EDQUOT")
    return new HomeError(
      "HOME_FULL",
      `The disk of ${directory} is full. Free some space, or choose another folder with --home DIR.`,
    );
  return error instanceof Error ? error : new Error(String(error));
}

/** What the home's last lab wrote; undefined when there is none, or when the file does not hold what a lab writes. */
export function readState(home: Home): LabState | undefined {
  const value = readJson(home.state);
  if (typeof value !== "object" || value === null) return undefined;
  const state = value as Partial<Record<keyof LabState, unknown>>;
  const sound =
    isWhole(state.pid) &&
    typeof state.pidStart === "string" &&
    (state.agentPid === undefined || isWhole(state.agentPid)) &&
    (state.agentPidStart === undefined || typeof state.agentPidStart === "string") &&
    isWhole(state.apiPort, PORT_MAX) &&
    isWhole(state.dnsPort, PORT_MAX) &&
    isWhole(state.subnet, 255) &&
    (state.runtime === "namespaces" || state.runtime === "processes");
  return sound ? ({ ...state, starting: state.starting === true, ready: state.ready === true } as LabState) : undefined;
}

export function writeState(home: Home, state: LabState): void {
  replaceFile(home.state, `${JSON.stringify(state, null, 2)}\n`);
}

/** Empty when the file does not hold what a lab writes. */
export function readForwards(home: Home): readonly Forward[] {
  const value = readJson(home.forwards);
  return Array.isArray(value) && value.every((row) => typeof row === "object" && row !== null)
    ? (value as Forward[])
    : [];
}

export function writeForwards(home: Home, forwards: readonly Forward[]): void {
  replaceFile(home.forwards, `${JSON.stringify(forwards, null, 1)}\n`);
}

const PORT_MAX = 65_535;

function isWhole(value: unknown, maximum = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= maximum;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** In one step, so that a reader never sees half of it, nor a full disk leaves an empty file. */
function replaceFile(path: string, text: string): void {
  const next = `${path}.${process.pid}.next`;
  try {
    writeFileSync(next, text);
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
}

/** Forgets everything of a lab but the folder itself. The lab must not run. */
export function emptyHome(home: Home): void {
  for (const path of [
    home.store,
    home.volumes,
    home.pods,
    home.logs,
    home.cache,
    home.pki,
    home.kubeconfig,
    home.state,
    home.forwards,
    join(home.directory, "version"),
  ])
    rmSync(path, { recursive: true, force: true });
}

/** Start time of a live process as /proc tells it; undefined when there is none. */
export function processStart(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether the lab that wrote this state is still alive. */
export function isRunning(state: LabState | undefined): state is LabState {
  return state !== undefined && state.pidStart !== "" && processStart(state.pid) === state.pidStart;
}
