/** What the surroundings of a pod that is a plain process change: its address, its privileged ports, where its files are. */

export interface Environment {
  /** A `listen` on every interface takes this address only. */
  readonly bindAddress: string | undefined;
  /** Added to ports below 1024. */
  readonly portShift: number;
  /** Where a path of the configuration is on this machine. */
  readonly mapPath: (path: string) => string;
}

/** Reads `ORDINAL_BIND_ADDRESS`, `ORDINAL_PORT_SHIFT` and `ORDINAL_PATH_MAP`. Throws an Error that names what is wrong. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const portShift = Number(env["ORDINAL_PORT_SHIFT"] ?? "0");
  if (!Number.isInteger(portShift) || portShift < 0 || portShift > 64_511) {
    throw new Error(`ORDINAL_PORT_SHIFT is "${env["ORDINAL_PORT_SHIFT"]}": it must be a number from 0 to 64511`);
  }
  return { bindAddress: env["ORDINAL_BIND_ADDRESS"], portShift, mapPath: pathMapper(env["ORDINAL_PATH_MAP"]) };
}

/** `map` is a JSON object from a path to the folder or file that stands for it; the longest path that fits wins. */
function pathMapper(map: string | undefined): (path: string) => string {
  if (map === undefined || map === "") return (path) => path;
  let parsed: unknown;
  try {
    parsed = JSON.parse(map);
  } catch {
    // Said below.
  }
  if (typeof parsed !== "object" || parsed === null)
    throw new Error(`ORDINAL_PATH_MAP is "${map}": it must be a JSON object of paths`);
  const pairs = Object.entries(parsed)
    .map(
      ([target, source]) => [toBytes(target.replace(/\/+$/, "")), toBytes(String(source).replace(/\/+$/, ""))] as const,
    )
    .sort(([a], [b]) => b.length - a.length);
  return (path) => {
    for (const [target, source] of pairs) {
      if (path === target || path.startsWith(`${target}/`)) return source + path.slice(target.length);
    }
    return path;
  };
}

/** Paths are byte strings everywhere in the server. */
function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
