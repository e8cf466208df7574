import { describe, expect, test } from "vitest";

import { buildConfig } from "./build.ts";
import { findLocation } from "./locations.ts";
import type { MainConfig } from "./model.ts";
import { parseConfig } from "./parse.ts";

const DEFAULTS = { accessLog: "/var/log/access", errorLog: "/var/log/error", pid: "/run/pid" };

function build(text: string, privileged = true): MainConfig {
  const parsed = parseConfig({ files: { read: () => text, glob: () => [] }, path: "/c" });
  return buildConfig(parsed, { prefix: "/prefix/", defaults: DEFAULTS, privileged });
}

function inServer(text: string): MainConfig {
  return build(`events {}\nhttp { server { ${text} } }`);
}

function problem(text: string): string {
  try {
    inServer(text);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("values are refused in the original's words", () => {
  test.for<readonly [text: string, message: string]>([
    ["etag maybe;", 'invalid value "maybe" in "etag" directive, it must be "on" or "off" in /c:2'],
    ["etag on; etag on;", '"etag" directive is duplicate in /c:2'],
    ["root a; root b;", '"root" directive is duplicate in /c:2'],
    ["client_max_body_size 1x;", '"client_max_body_size" directive invalid value in /c:2'],
    ["keepalive_requests many;", '"keepalive_requests" directive invalid number in /c:2'],
    ["send_timeout 1s1h;", '"send_timeout" directive invalid value in /c:2'],
    ["listen 80; listen 80;", "a duplicate listen 0.0.0.0:80 in /c:2"],
    ["listen 0;", 'invalid port in "0" of the "listen" directive in /c:2'],
    ["listen 80 nonsense;", 'invalid parameter "nonsense" in /c:2'],
    ["listen 1.2.3.999:80;", 'host not found in "1.2.3.999:80" of the "listen" directive in /c:2'],
    ["access_log a nonsense;", 'unknown log format "nonsense" in /c:2'],
    ["error_log a loud;", 'invalid log level "loud" in /c:2'],
    ["error_page 200 /x;", 'value "200" must be between 300 and 599 in /c:2'],
    ["return nonsense;", 'invalid return code "nonsense" in /c:2'],
    ["location /a {} location /a {}", 'duplicate location "/a" in /c:2'],
    ["location /a { location /b {} }", 'location "/b" is outside location "/a" in /c:2'],
    ["location ! /a {}", 'invalid location modifier "!" in /c:2'],
    ["return 200 $nonsense;", 'unknown "nonsense" variable'],
    ["return 200 ${uri;", 'the closing bracket in "uri" variable is missing in /c:2'],
  ])("%s", ([text, message]) => {
    expect(problem(text)).toBe(message);
  });

  test("a configuration needs events", () => {
    expect(() => build("http { }")).toThrow(/^no "events" section in configuration$/);
  });

  test("two default servers of an address", () => {
    expect(() =>
      build("events {} http { server { listen 80 default_server; } server { listen 80 default_server; } }"),
    ).toThrow("a duplicate default server for 0.0.0.0:80 in /c:1");
  });
});

describe("directives that are known and not served", () => {
  test.for([
    "deny all;",
    "auth_basic realm;",
    "ssl_certificate x;",
    "limit_rate 1k;",
    "if ($uri) { return 403; }",
    "listen 443 ssl;",
    "listen 80 proxy_protocol;",
  ])("%s is an error: it restricts access or encrypts", (text) => {
    expect(problem(text)).toMatch(/not served here in \/c:2$/);
  });

  test.for(["gzip on;", "add_header a b;", "expires max;", "ssl_protocols TLSv1.3;"])(
    "%s is a warning that names it",
    (text) => {
      const [warning] = inServer(text).warnings;
      expect(warning).toBe(`the "${text.split(" ")[0]}" directive is not served here, ignored in /c:2`);
    },
  );

  test.for(["sendfile on;", "tcp_nopush on;", "allow all;", "auth_basic off;"])(
    "%s says nothing: nobody can notice",
    (text) => {
      expect(inServer(text).warnings).toEqual([]);
    },
  );
});

test("settings are inherited from http to server to location, and lists are replaced as a whole", () => {
  const config = build(`events {} http {
    root /http; index a b; error_page 404 /x; default_type text/a;
    server { root server; error_page 500 /y; location /l { default_type text/b; index c; } } }`);
  const server = config.addresses[0]?.defaultServer.location;
  const { location } = findLocation(server!, "/l/x");
  expect(location.settings.root).toBe("/prefix/server");
  expect(location.settings.index).toEqual(["c"]);
  expect(server?.settings.index).toEqual(["a", "b"]);
  expect(location.settings.errorPages.map((page) => page.status)).toEqual([500]);
  expect(location.settings.defaultType).toBe("text/b");
  expect(server?.settings.defaultType).toBe("text/a");
});

test("without listen a server takes port 80, or 8000 when it may not", () => {
  expect(build("events {} http { server { } }").addresses[0]?.text).toBe("0.0.0.0:80");
  expect(build("events {} http { server { } }", false).addresses[0]?.text).toBe("0.0.0.0:8000");
});

test("a name that two servers of an address claim is a warning, and the first keeps it", () => {
  const config = build("events {} http { server { server_name a; root /1; } server { server_name a; root /2; } }");
  expect(config.warnings).toEqual(['conflicting server name "a" on 0.0.0.0:80, ignored']);
});

test("a type that is given twice is a warning with both types", () => {
  expect(inServer("types { a/b x; c/d x; }").warnings).toEqual([
    'duplicate extension "x", content type: "c/d", previous content type: "a/b" in /c:2',
  ]);
});

test("durations and sizes have nginx's units", () => {
  const { settings } = inServer("send_timeout 1m30s; keepalive_time 1d; client_max_body_size 2g; lingering_time 500ms;")
    .addresses[0]!.defaultServer.location;
  expect(settings.sendTimeoutMs).toBe(90_000);
  expect(settings.keepaliveTimeMs).toBe(86_400_000);
  expect(settings.clientMaxBodyBytes).toBe(2 * 2 ** 30);
  expect(settings.lingeringTimeMs).toBe(500);
});
