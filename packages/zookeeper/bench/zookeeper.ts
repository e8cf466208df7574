/**
 * Our ensemble of three beside the original's on this machine, under the same load in alternation. Prints a table, or with
 * `--json` `{ rows: [{ name, unit, ours, original, ratio }] }`; a ratio above 1 is better than the original.
 *
 *     node packages/zookeeper/bench/zookeeper.ts [--rows TEXT]… [--rounds N] [--quick] [--json] [--help]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { isOriginalInstalled } from "../src/testing/original.ts";
import { lifeRows } from "./versus-original/life-rows.ts";
import { LoadClient } from "./versus-original/load-client.ts";
import { type Row, rowOf, table } from "./versus-original/row.ts";
import { type Bench, FULL, QUICK } from "./versus-original/settings.ts";
import { throughputRows } from "./versus-original/throughput-rows.ts";

const USAGE = `Usage: node scripts/bench-zookeeper.ts [OPTION…]

Three servers of ours beside three of the original's (Debian package zookeeper) on this machine, the same load on both in
alternation. A ratio above 1 is better than the original. Let nothing else run meanwhile.

  --rows TEXT    only rows whose name holds TEXT, such as "create 100 B"; may be given several times
  --rounds N     how often a row is measured on each side; the median counts (default ${FULL.rounds})
  --quick        tiny counts: shows that everything works, and no number means anything
  --json         { "rows": [{ "name", "unit", "ours", "original", "ratio" }] } instead of a table
  --help
`;

const { values } = parseArgs({
  options: {
    rows: { type: "string", multiple: true, default: [] },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
} else if (!isOriginalInstalled()) {
  process.stdout.write(values.json ? '{"rows":[]}\n' : "");
  process.stderr.write("skipped: the original is not installed (apt-get install zookeeper default-jre-headless)\n");
} else {
  const rows = await measureAll();
  process.stdout.write(values.json ? `${JSON.stringify({ rows })}\n` : `\n${table(rows)}\n`);
  if (rows.length === 0) process.exitCode = 2;
}

async function measureAll(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "ordinal-bench-zookeeper-"));
  const counts = values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const wanted = values.rows;
  using load = new LoadClient();
  const bench: Bench = {
    settings: {
      ...counts,
      ...(rounds !== undefined && { rounds, lifeRounds: rounds }),
      wants: (name) => wanted.length === 0 || wanted.some((text) => name.includes(text)),
    },
    load,
    folder,
    say: (line) => process.stderr.write(`${line}\n`),
  };
  const rows: Row[] = [];
  try {
    for (const source of [throughputRows, lifeRows]) {
      for await (const measured of source(bench)) {
        const row = rowOf(measured);
        rows.push(row);
        bench.say(`${row.name}: ${Math.round(row.ours)} against ${Math.round(row.original)} ${row.unit}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}
