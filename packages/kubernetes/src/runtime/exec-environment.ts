/** What containers find on the PATH unless their image or the pod says otherwise. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface Environment {
  /** `NAME=value`, every name once. */
  readonly assignments: readonly string[];
  readonly path: string;
}

/** The environment of a container's processes: later entries win, and what every container has is there. */
export function containerEnvironment(
  env: readonly (readonly [name: string, value: string])[],
  defaults: { readonly hostname: string; readonly home: string; readonly tty: boolean },
): Environment {
  const all = new Map<string, string>([
    ["PATH", DEFAULT_PATH],
    ["HOSTNAME", defaults.hostname],
    ["HOME", defaults.home],
    ...(defaults.tty ? ([["TERM", "xterm"]] as const) : []),
    ...env,
  ]);
  return { assignments: [...all].map(([name, value]) => `${name}=${value}`), path: all.get("PATH") ?? "" };
}
