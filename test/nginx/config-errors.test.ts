/** `nginx -t` of this server and of the original on the same wrong configurations: the same words, the same exit code. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nginxProgram } from "@ordinal/nginx";
import { afterAll, describe, expect, test } from "vitest";

import { isOriginalInstalled, ORIGINAL } from "./original.ts";

const server = (text: string): string => `events {}\nhttp {\nserver {\nlisten 127.0.0.1:18099;\n${text}\n}\n}\n`;

const CONFIGURATIONS: Readonly<Record<string, string>> = {
  "unknown directive": server("locatio / {}"),
  "misplaced directive": "events {}\nlisten 80;\n",
  "misplaced in location": server("location / { listen 80; }"),
  "not terminated": server("root /x\n}"),
  "not terminated at the end": "events {}\nworker_processes 1",
  "block for a simple directive": server("root /x { }"),
  "no block": server("location /;"),
  "too many arguments": server("root /a /b;"),
  "too few arguments": server("server_name;"),
  "unclosed block": "events {}\nhttp {\n",
  "closed twice": "events {}\n}\n",
  "no events": "http { }\n",
  "unterminated quote": server(`root "/x;${"y".repeat(5000)}`),
  "text after a quote": server('root "/x"y;'),
  "bad flag": server("etag maybe;"),
  "bad size": server("client_max_body_size 1x;"),
  "bad time": server("send_timeout 1x;"),
  "bad number": server("keepalive_requests x;"),
  "bad word": server("if_modified_since sometimes;"),
  "duplicate root": server("root /a; root /b;"),
  "root and alias": server("location /a { root /x; alias /y; }"),
  "duplicate flag": server("etag on; etag off;"),
  "duplicate location": server("location /a {} location /a {}"),
  "duplicate exact location": server("location = /a {} location = /a {}"),
  "location outside": server("location /a { location /b {} }"),
  "location in exact": server("location = /a { location /a/b {} }"),
  "named inside": server("location /a { location @b {} }"),
  "bad modifier": server("location ! /a {}"),
  "bad listen port": server("listen 99999;"),
  "bad listen parameter": server("listen 18098 nonsense;"),
  "duplicate listen": server("listen 127.0.0.1:18099;"),
  "duplicate default": `events {}\nhttp {\nserver { listen 18097 default_server; }\nserver { listen 18097 default_server; }\n}\n`,
  "unknown variable": server("location / { return 200 $nonsense; }"),
  "unclosed variable": server("location / { return 200 ${uri; }"),
  "unknown log format": server("access_log /tmp/x nonsense;"),
  "bad log level": server("error_log /tmp/x loud;"),
  "bad error_page code": server("error_page 200 /x;"),
  "bad error_page word": server("error_page abc /x;"),
  "bad return code": server("return abc;"),
  "bad return number": server("return 1000;"),
  "bad try_files code": server("location / { try_files /x =9999; }"),
  "suspicious name": server("server_name a/b;"),
  "wildcard in the middle": server("server_name a.*.b;"),
  "wildcard in the middle of one of two":
    "events {}\nhttp {\nserver { listen 127.0.0.1:18096; server_name a.*.b; }\nserver { listen 127.0.0.1:18096; server_name a; }\n}\n",
  "missing include": "events {}\ninclude /nowhere/x.conf;\n",
  "duplicate http": "events {}\nhttp {}\nhttp {}\n",
  "duplicate events": "events {}\nevents {}\n",
  "duplicate format": "events {}\nhttp { log_format a b; log_format a c; }\n",
  "bad workers": "worker_processes x;\nevents {}\n",
  "block inside types": server("types { text/html { } }"),
  "if without parenthesis": server("unix_nonsense on;"),
  "conflicting names":
    "events {}\nhttp {\nserver { listen 127.0.0.1:18096; server_name a; }\nserver { listen 127.0.0.1:18096; server_name a; }\n}\n",
  "duplicate extension": server("types { a/b x; c/d x; }"),
};

describe.skipIf(!isOriginalInstalled())(`against ${ORIGINAL} (skipped where it is not installed)`, () => {
  const folder = mkdtempSync(join(tmpdir(), "nginx-errors-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const check = (command: readonly string[], conf: string): { words: string; status: number | null } => {
    const [program = "", ...args] = command;
    const { stderr, status } = spawnSync(
      program,
      [...args, "-t", "-p", folder, "-c", conf, "-e", "stderr", "-g", `pid ${folder}/pid;`],
      {
        encoding: "latin1",
      },
    );
    // The original writes a dated line where the log is standard error itself.
    const words = stderr
      .replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (\[\w+\]) \d+#\d+: /gm, "nginx: $1 ")
      .split("\n")
      .filter((line) => line !== "");
    return { words: words.join("\n"), status };
  };

  test.for(Object.entries(CONFIGURATIONS))("%s", ([name, text]) => {
    const conf = join(folder, `${name.replaceAll(" ", "-")}.conf`);
    const prefix = "http {";
    writeFileSync(conf, text.replace(prefix, `${prefix} access_log off;`));
    expect(check(nginxProgram, conf)).toEqual(check([ORIGINAL], conf));
  });
});
