/**
 * The command `zkServer-initialize.sh`: makes empty data folders for a server that is meant to begin with nothing, and says so to
 * it by the file `initialize`; with `zookeeper.db.autocreate=false` a server without that file waits for the others' data.
 *
 * Source: bin/zkServer-initialize.sh.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { explainSystemError } from "@ordinal/io";

import { filesOf } from "../../config/zoo-cfg.ts";
import { configFileOf } from "../zk-server/environment.ts";

const SERVER_ID_MAX = 255;

interface Options {
  readonly configFile: string;
  readonly myid: string | undefined;
  readonly force: boolean;
}

/** @returns the exit code */
export function main(args: readonly string[], environment: NodeJS.ProcessEnv): number {
  const byDefault = configFileOf(undefined, environment, existsSync);
  const options = parseOptions(args, byDefault);
  if (options === undefined) {
    process.stdout.write(usage(byDefault));
    return 1;
  }
  try {
    const problem = initialize(options);
    if (problem === undefined) return 0;
    process.stdout.write(`${problem}\n`);
  } catch (error) {
    process.stderr.write(`${explainSystemError(error, "make the data directory")}\n`);
  }
  return 1;
}

function usage(configFile: string): string {
  return `usage: zkServer-initialize.sh <parameters>
  Optional parameters:
     -h                                                    Display this message
     --help                                                Display this message
     --configfile=${configFile.padEnd(40)} ZooKeeper config file
     --myid=#                                              Set the myid to be used, if any (1-255)
     --force                                               Force creation of the data/txnlog dirs
`;
}

/** Undefined where the usage is to be shown. */
function parseOptions(args: readonly string[], configFileByDefault: string): Options | undefined {
  let configFile = configFileByDefault;
  let myid: string | undefined;
  let force = false;
  for (let at = 0; at < args.length; at++) {
    const [name = "", ...inline] = (args[at] ?? "").split("=");
    const takesValue = name === "--configfile" || name === "--myid";
    const value = !takesValue ? undefined : inline.length > 0 ? inline.join("=") : args[++at];
    if (name === "--configfile" && value !== undefined && value !== "") configFile = value;
    else if (name === "--myid" && value !== undefined && value !== "") myid = value;
    else if (args[at] === "--force") force = true;
    else {
      if (name !== "-h" && name !== "--help") process.stdout.write(`Unknown option: ${args[at] ?? name}\n`);
      return undefined;
    }
  }
  return { configFile, myid, force };
}

/** What kept it from being done, if anything. */
function initialize({ configFile, myid, force }: Options): string | undefined {
  if (!existsSync(configFile)) return `Unable to find config file at ${configFile}`;
  const { dataDir, dataLogDir } = filesOf(readFileSync(configFile, "utf8"));
  if (dataDir === undefined || dataDir === "") return `Unable to determine dataDir from ${configFile}`;
  if (myid !== undefined && !(/^\d{1,3}$/.test(myid) && Number(myid) >= 1 && Number(myid) <= SERVER_ID_MAX)) {
    return `myid ${myid} is not a number from 1 to ${SERVER_ID_MAX}`;
  }
  const folders = [
    { path: dataDir, what: "data" },
    ...(dataLogDir === undefined || dataLogDir === "" ? [] : [{ path: dataLogDir, what: "txnlog" }]),
  ];
  if (force) process.stdout.write("Force enabled, data/txnlog directories will be re-initialized\n");
  else {
    const existing = folders.find(({ path }) => existsSync(join(path, "version-2")));
    if (existing !== undefined) {
      return `ZooKeeper ${existing.what} directory already exists at ${existing.path} (or use --force to force re-initialization)`;
    }
  }
  for (const { path } of folders) {
    rmSync(join(path, "myid"), { force: true });
    rmSync(join(path, "version-2"), { recursive: true, force: true });
    mkdirSync(join(path, "version-2"), { recursive: true });
  }
  if (myid === undefined) {
    process.stdout.write(`No myid provided, be sure to specify it in ${dataDir}/myid if using non-standalone\n`);
  } else {
    process.stdout.write(`Using myid of ${myid}\n`);
    writeFileSync(join(dataDir, "myid"), `${myid}\n`);
  }
  // The original's script puts it beside the snapshots, and its server looks beside the logs.
  for (const { path } of folders) writeFileSync(join(path, "initialize"), "");
  return undefined;
}
