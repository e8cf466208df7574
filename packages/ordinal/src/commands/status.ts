import { homeDirectory, homePaths, isRunning, readForwards, readState } from "@ordinal/kubernetes/lab-home";
import type { StatefulSet } from "kubernetes-types/apps/v1.d.ts";
import type { Pod } from "kubernetes-types/core/v1.d.ts";

import { connect } from "../api.ts";
import { parse, text } from "../arguments.ts";
import { progressOf } from "../pods.ts";
import { widths, writeRows } from "../table.ts";

const EXIT_NOT_READY = 1;
const EXIT_NOT_RUNNING = 3;

export async function run(args: readonly string[]): Promise<number> {
  const option = text(parse(args), "home");
  const home = homePaths(homeDirectory(option));
  const state = readState(home);
  if (!isRunning(state)) {
    process.stdout.write(`No lab is running in ${home.directory}. Start one with \`ordinal start\`.\n`);
    return EXIT_NOT_RUNNING;
  }
  if (state.starting) {
    process.stdout.write(`The lab in ${home.directory} (process ${state.pid}) is starting.\n`);
    return EXIT_NOT_READY;
  }
  const api = connect(option);
  try {
    const [pods, sets] = await Promise.all([api.json("/api/v1/pods"), api.json("/apis/apps/v1/statefulsets")]);
    const progress = progressOf(pods["items"] as Pod[], sets["items"] as StatefulSet[]);
    process.stdout.write(
      `Lab in ${home.directory}: process ${state.pid}, pods as ${state.runtime === "namespaces" ? "namespaces" : "plain processes"}, 127.${state.subnet}.0.0/16\n` +
        `API   https://127.0.0.1:${state.apiPort}   (export KUBECONFIG=${home.kubeconfig})\nDNS   127.0.0.1:${state.dnsPort}\n` +
        `Pods  ${progress.ready} of ${progress.wanted} Ready\n`,
    );
    if (progress.lines.length > 0) {
      const rows = [["NAMESPACE", "POD", "STATUS", "ADDRESS", "FROM THE HOST"]];
      const forwards = readForwards(home);
      for (const line of progress.lines) {
        const reach = forwards
          .filter((one) => one.kind === "pod" && one.address === line.address)
          .map((one) => `${one.address}:${one.hostPort}`);
        rows.push([line.namespace, line.name, line.ready ? "Ready" : line.status, line.address, reach.join(" ")]);
      }
      process.stdout.write("\n");
      writeRows(rows, widths(rows));
      for (const line of progress.lines)
        if (line.problem !== undefined) process.stdout.write(`\n${line.namespace}/${line.name}: ${line.problem}\n`);
      const services = forwards.filter((one) => one.kind !== "pod");
      if (services.length > 0) process.stdout.write("\n");
      for (const one of services) process.stdout.write(`${one.target}: ${one.address}:${one.hostPort}\n`);
    }
    return progress.ready === progress.wanted ? 0 : EXIT_NOT_READY;
  } finally {
    api.close();
  }
}
