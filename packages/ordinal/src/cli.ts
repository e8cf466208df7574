import { UsageError, CommandError } from "./usage.ts";

interface Command {
  /** Shown by `ordinal --help`. */
  readonly summary: string;
  readonly help: string;
  /** Resolves to the exit code. */
  load(): Promise<{ run(args: readonly string[]): Promise<number> }>;
}

const HOME_HELP = "  --home DIR         the lab's folder (default: $ORDINAL_HOME or ~/.ordinal)\n";

/** Each command lives in a file of its own that is loaded only when it runs: `ordinal kubeconfig` must not load a kubelet. */
const commands: Readonly<Record<string, Command>> = {
  start: {
    summary: "start a lab and apply manifests; stays until Ctrl-C",
    help:
      "Usage: ordinal start [-f FILE…] [--empty] [--detach] [--home DIR] [--port N] [--dns-port N] [--runtime auto|namespaces|processes] [--images FILE]\n\n" +
      "Starts the lab of a home, applies the manifests (the project's own unless -f or --empty), and shows every pod until it is Ready.\n\n" +
      "  -f, --file FILE    apply this YAML or JSON file or folder (repeatable)\n  --empty            apply nothing\n" +
      "  --detach           return 0 once all pods are Ready, and leave the lab running; non-zero names the pod that failed\n" +
      "  --timeout SECONDS  how long --detach waits for Ready (default 120)\n" +
      "  --port N           port of the API on 127.0.0.1 (default 6443, or the next free one)\n" +
      "  --dns-port N       port of DNS for the host on 127.0.0.1 (default 5300, or the next free one)\n" +
      "  --runtime KIND     namespaces, processes, or auto: namespaces where the machine allows them (default)\n" +
      "  --images FILE      your own images (default: images.yaml in the home, when it exists)\n" +
      HOME_HELP,
    load: () => import("./commands/start.ts"),
  },
  stop: {
    summary: "stop the lab; its objects and volumes stay",
    help: `Usage: ordinal stop [--home DIR]\n\nStops every pod and the lab. Objects, volumes and logs stay in the home; the next start resumes.\n\n${HOME_HELP}`,
    load: () => import("./commands/stop.ts"),
  },
  status: {
    summary: "tell whether the lab runs, its pods, and how to reach them",
    help: `Usage: ordinal status [--home DIR]\n\nExit code 0 when the lab runs and every pod is Ready, 1 when some are not, 3 when no lab runs.\n\n${HOME_HELP}`,
    load: () => import("./commands/status.ts"),
  },
  reset: {
    summary: "delete everything a stopped lab keeps, volumes included",
    help: `Usage: ordinal reset --yes [--home DIR]\n\nDeletes the objects, volumes and logs of a lab that is not running.\n\n  --yes              really do it\n${HOME_HELP}`,
    load: () => import("./commands/reset.ts"),
  },
  images: {
    summary: "list the container images this lab can run",
    help: `Usage: ordinal images [--images FILE] [--home DIR]\n\n${HOME_HELP}`,
    load: () => import("./commands/images.ts"),
  },
  get: {
    summary: "show objects, as kubectl get does",
    help:
      "Usage: ordinal get RESOURCE [NAME…] [-n NAMESPACE] [-A] [-l SELECTOR] [-o wide|yaml|json|name] [-w]\n\n" +
      HOME_HELP,
    load: () => import("./commands/get.ts"),
  },
  logs: {
    summary: "print a pod's logs",
    help:
      "Usage: ordinal logs POD [-c CONTAINER] [-f] [--previous] [--tail N] [--timestamps] [-n NAMESPACE]\n\n" +
      HOME_HELP,
    load: () => import("./commands/logs.ts"),
  },
  exec: {
    summary: "run a command in a pod",
    help: "Usage: ordinal exec [-i] [-t] [-c CONTAINER] [-n NAMESPACE] POD -- COMMAND [ARG…]\n\n" + HOME_HELP,
    load: () => import("./commands/exec.ts"),
  },
  apply: {
    summary: "create or update the objects of YAML or JSON files",
    help:
      "Usage: ordinal apply -f FILE… [-n NAMESPACE]\n\n  -f, --file FILE    a file, a folder, or - for standard input (repeatable)\n" +
      HOME_HELP,
    load: () => import("./commands/apply.ts"),
  },
  delete: {
    summary: "delete objects",
    help:
      "Usage: ordinal delete RESOURCE NAME… [-n NAMESPACE] [--cascade background|foreground|orphan] [--grace-period SECONDS]\n       ordinal delete -f FILE…\n\n" +
      HOME_HELP,
    load: () => import("./commands/delete.ts"),
  },
  zookeeper: {
    summary: "run a ZooKeeper ensemble for tests; needs no lab",
    help:
      "Usage: ordinal zookeeper [--size N] [--json] [OPTION…] [-- COMMAND [ARG…]]\n\n" +
      "Starts a ZooKeeper ensemble on free ports of 127.0.0.1 and says where it serves. It ends when standard input does. With a COMMAND it runs that,\n" +
      "with the addresses in ZOOKEEPER_CONNECT, and ends with its exit code.\n\n" +
      "  --size N                servers, 1 to 10, observers included (default 3)\n" +
      "  --observers N           the last N of them observe (default 0)\n" +
      "  --json                  one line of JSON with the addresses when all serve, and one for each command\n" +
      "  --port N                client ports N, N+1, … (default: free ones)\n" +
      "  --data DIR              keep data, configuration and logs there (default: a temporary folder)\n" +
      "  --log FILE              all servers' logs\n" +
      "  --tick-time MS          default 500: a lost server is noticed after four\n" +
      "  --line KEY=VALUE        a line of zoo.cfg (repeatable)\n" +
      "  --property NAME=VALUE   a system property (repeatable)\n\n" +
      "On standard input, servers counted from 0:\n\n" +
      "  kill N, restart N       as kill -9; start it again\n" +
      "  pause N, resume N       as kill -STOP, kill -CONT\n" +
      "  partition 0 1,2         cut the links between these groups; those not named are one more\n" +
      "  heal                    all servers reach each other again\n" +
      "  leader, status, ready   who leads; all servers; wait until there is a leader and all that reach it serve\n" +
      "  stop                    end it all\n",
    load: () => import("./commands/zookeeper.ts"),
  },
  kubeconfig: {
    summary: "print the path of the kubeconfig",
    help: `Usage: ordinal kubeconfig [--home DIR]\n\n${HOME_HELP}`,
    load: () => import("./commands/kubeconfig.ts"),
  },
  env: {
    summary: "print shell lines to eval: KUBECONFIG and the lab's addresses",
    help: `Usage: eval "$(ordinal env)"\n\n${HOME_HELP}`,
    load: () => import("./commands/env.ts"),
  },
  doctor: {
    summary: "check what the machine allows, each finding with its remedy",
    help: `Usage: ordinal doctor [--home DIR]\n\nExit code 0 when a lab can run here, 1 when it cannot.\n\n${HOME_HELP}`,
    load: () => import("./commands/doctor.ts"),
  },
};

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, command]) => `  ${name.padEnd(width)}  ${command.summary}`);
  return `Usage: ordinal COMMAND [ARG…]\n\nPods with sticky identities on this machine, driven by kubectl.\n\n${lines.join("\n")}\n\n\`ordinal COMMAND --help\` tells more.\n`;
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const asked = name === "help" && args[0] !== undefined ? commands[args[0]] : undefined;
    process.stdout.write(asked?.help ?? overview());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "version") {
    const manifest = await import("../package.json", { with: { type: "json" } });
    process.stdout.write(`ordinal ${manifest.default.version}\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`There is no command "${name}". \`ordinal --help\` lists them.`);
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (own.includes("--help") || own.includes("-h")) {
    process.stdout.write(command.help);
    return 0;
  }
  try {
    const { run } = await command.load();
    return await run(args);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${error.message} \`ordinal ${name} --help\` shows how.`);
    throw error;
  }
}

/** A reader that went away (`ordinal get pods | head -1`) is no error of ours. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE" && process.argv[2] !== "start") process.exit(0);
});
/** Words that cannot be written (a log on a full disk, a terminal that was closed) must not end a lab. */
process.stderr.on("error", () => {});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`ordinal: ${error.message}\n`);
    process.exitCode = 2;
  } else if (error instanceof CommandError || (error instanceof Error && /^(Home|Lab|Port)Error$/.test(error.name))) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error instanceof CommandError ? error.exitCode : 1;
  } else throw error;
}
