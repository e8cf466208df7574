/** The command `nginx`: flags, configuration, signals (src/core/nginx.c, src/os/unix/ngx_process_cycle.c). */
import { appendFileSync, unlinkSync, writeFileSync } from "node:fs";

import { ConfigError } from "../config/config-error.ts";
import type { LogLevel, MainConfig } from "../config/model.ts";
import { formatErrorDate } from "../http/date.ts";
import { NGINX_VERSION } from "../http/status.ts";
import { readEnvironment, type Environment } from "../server/environment.ts";
import { StartError, WebServer } from "../server/web-server.ts";
import { describeErrno } from "../static/errno.ts";
import { errorCode } from "../static/file-cache.ts";
import { daemonReady, isDaemon, startDaemon } from "./daemon.ts";
import { configPath, DEFAULT_PATHS, DEFAULT_PREFIX, loadConfig, type LoadedConfig } from "./load.ts";
import { HELP, parseOptions, type CliOptions } from "./options.ts";
import { sendSignal } from "./signal.ts";
import { canChangeUser, changeUser, USER_IGNORED } from "./user.ts";

/** Runs the command. Resolves with the exit code; a server that runs in the foreground resolves when it ends. */
export async function main(args: readonly string[]): Promise<number> {
  let options: CliOptions;
  let environment: Environment;
  try {
    options = parseOptions(args);
    environment = readEnvironment(process.env);
  } catch (error) {
    tell(`nginx: ${(error as Error).message}`);
    return 1;
  }
  if (options.showVersion) {
    showVersion(options);
    if (!options.test) return 0;
  }
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig(options, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (error.syntaxOk && options.test && !options.quiet)
      tell(`nginx: the configuration file ${configPath(options)} syntax is ok`);
    report("emerg", error.message, options, environment);
    if (options.test) tell(`nginx: configuration file ${configPath(options)} test failed`);
    return 1;
  }
  if (options.signal !== undefined) {
    const { pidPath } = loaded.config;
    const problem = sendSignal(options.signal, pidPath, environment.mapPath(pidPath));
    if (problem !== undefined) tell(`nginx: ${problem}`);
    return problem === undefined ? 0 : 1;
  }
  if (options.test) return testConfig(options, loaded, environment);
  if (loaded.config.daemon && !isDaemon()) return await startDaemon(args);
  return await serve(options, environment, loaded.config);
}

function tell(line: string): void {
  process.stderr.write(Buffer.from(`${line}\n`, "latin1"));
}

/** Before there is a server to log with: to standard error and, if it can be opened, to the error log. */
function report(level: LogLevel, text: string, options: CliOptions, environment: Environment): void {
  tell(`nginx: [${level}] ${text}`);
  const path = options.errorLog ?? DEFAULT_PATHS.errorLog;
  if (path === "stderr") return;
  try {
    const line = `${formatErrorDate(Date.now())} [${level}] ${process.pid}#${process.pid}: ${text}\n`;
    appendFileSync(environment.mapPath(path), Buffer.from(line, "latin1"));
  } catch {
    // It has been said on standard error.
  }
}

function showVersion(options: CliOptions): void {
  tell(`nginx version: ${NGINX_VERSION}`);
  if (options.showHelp) {
    tell(
      `${HELP}  -p prefix     : set prefix path (default: ${DEFAULT_PREFIX})\n` +
        `  -e filename   : set error log file (default: ${DEFAULT_PATHS.errorLog})\n` +
        `  -c filename   : set configuration file (default: /etc/nginx/nginx.conf)\n` +
        "  -g directives : set global directives out of configuration file\n",
    );
  }
  if (options.showConfigure)
    tell(`built on Node.js ${process.version}\nconfigure arguments: --prefix=${DEFAULT_PREFIX.slice(0, -1)}`);
}

function warningsOf(config: MainConfig): readonly string[] {
  return config.user !== undefined && !canChangeUser() ? [USER_IGNORED, ...config.warnings] : config.warnings;
}

async function testConfig(options: CliOptions, loaded: LoadedConfig, environment: Environment): Promise<number> {
  const path = configPath(options);
  for (const warning of warningsOf(loaded.config)) report("warn", warning, options, environment);
  const { LogFiles } = await import("../server/log-files.ts");
  const logs = new LogFiles(environment.mapPath);
  for (const log of loaded.config.logPaths) {
    try {
      logs.open(log);
    } catch (error) {
      report("emerg", `open() "${log}" failed (${describeErrno(errorCode(error))})`, options, environment);
      tell(`nginx: configuration file ${path} test failed`);
      return 1;
    }
  }
  if (!options.quiet) {
    tell(`nginx: the configuration file ${path} syntax is ok`);
    tell(`nginx: configuration file ${path} test is successful`);
  }
  if (options.dump) {
    for (const file of loaded.parsed.files) {
      process.stdout.write(Buffer.from(`# configuration file ${file.path}:\n${file.text}\n`, "latin1"));
    }
  }
  return 0;
}

async function serve(options: CliOptions, environment: Environment, first: MainConfig): Promise<number> {
  let config = first;
  let serving = false;
  const server = new WebServer({
    environment,
    report: (level, text) => (serving ? server.note(level, text) : report(level, text, options, environment)),
  });
  for (const warning of warningsOf(config)) report("warn", warning, options, environment);
  try {
    await server.apply(config);
    writePid(config.pidPath, environment);
    changeUser(config.user);
  } catch (error) {
    if (error instanceof StartError) for (const line of error.lines) report("emerg", line, options, environment);
    else report("emerg", (error as Error).message, options, environment);
    server.stop();
    return 1;
  }
  serving = true;
  server.note("notice", NGINX_VERSION);
  if (isDaemon()) daemonReady();

  return await new Promise<number>((resolve) => {
    let ending = false;
    let reloading = Promise.resolve();
    const end = (): void => {
      removePid(config.pidPath, environment);
      server.note("notice", "exit");
      server.stop();
      resolve(0);
    };
    const received = (signal: string, number: number, what: string): void =>
      server.note("notice", `signal ${number} (${signal}) received, ${what}`);
    process.on("SIGHUP", () => {
      if (ending) return;
      received("SIGHUP", 1, "reconfiguring");
      // One after the other: a reload may wait for an address.
      reloading = reloading.then(async () => {
        const next = await reload(server, options, environment, config);
        if (next === undefined) return;
        if (next.pidPath !== config.pidPath) removePid(config.pidPath, environment);
        config = next;
      });
    });
    process.on("SIGUSR1", () => {
      received("SIGUSR1", 10, "reopening logs");
      server.logs.reopen((path, code) => server.note("emerg", `open() "${path}" failed (${describeErrno(code)})`));
    });
    process.on("SIGUSR2", () => received("SIGUSR2", 12, "changing binary is not served here"));
    process.on("SIGQUIT", () => {
      if (ending) return;
      ending = true;
      received("SIGQUIT", 3, "shutting down");
      void server.quit().then(end);
    });
    for (const [signal, number] of [["SIGTERM", 15] as const, ["SIGINT", 2] as const]) {
      process.on(signal, () => {
        received(signal, number, "exiting");
        end();
      });
    }
  });
}

/** The configuration that serves from now on; undefined when the old one goes on. */
async function reload(
  server: WebServer,
  options: CliOptions,
  environment: Environment,
  old: MainConfig,
): Promise<MainConfig | undefined> {
  try {
    const { config } = loadConfig(options, environment);
    for (const warning of warningsOf(config)) server.note("warn", warning);
    await server.apply(config);
    if (config.pidPath !== old.pidPath) writePid(config.pidPath, environment);
    return config;
  } catch (error) {
    if (error instanceof StartError) for (const line of error.lines) server.note("emerg", line);
    else server.note("emerg", (error as Error).message);
    return undefined;
  }
}

function writePid(path: string, environment: Environment): void {
  try {
    writeFileSync(Buffer.from(environment.mapPath(path), "latin1"), `${process.pid}\n`);
  } catch (error) {
    throw new StartError([`open() "${path}" failed (${describeErrno(errorCode(error))})`]);
  }
}

function removePid(path: string, environment: Environment): void {
  try {
    unlinkSync(Buffer.from(environment.mapPath(path), "latin1"));
  } catch {
    // It is gone already.
  }
}
