import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";

import { writeKubeconfig } from "./kubeconfig.ts";
import { ensurePki } from "./pki.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "ordinal-pki-"));
});

afterEach(() => rmSync(home, { recursive: true }));

describe("the lab's own authority", () => {
  it("signs for loopback, the cluster's names and those that are asked for", async () => {
    const pki = await ensurePki(join(home, "pki"), { names: ["127.9.240.1", "lab.example.com"] });
    const certificate = new X509Certificate(pki.certificate);
    expect(certificate.verify(new X509Certificate(pki.caCertificate).publicKey)).toBe(true);
    for (const name of ["localhost", "kubernetes.default.svc", "lab.example.com"])
      expect(certificate.checkHost(name)).toBe(name);
    for (const address of ["127.0.0.1", "127.9.240.1", "::1"]) expect(certificate.checkIP(address)).toBeDefined();
    expect(pki.token.length).toBeGreaterThanOrEqual(43);
  });

  it("keeps everything to its owner", async () => {
    const directory = join(home, "pki");
    await ensurePki(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    chmodSync(join(directory, "server.key"), 0o644);
    await ensurePki(directory);
    for (const name of ["ca.crt", "ca.key", "server.crt", "server.key", "token"]) {
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    }
  });

  it("stays what it is while it is good", async () => {
    const first = await ensurePki(home);
    expect(await ensurePki(home)).toEqual(first);
  });

  it.each([
    [
      "damaged",
      (): void =>
        writeFileSync(join(home, "server.crt"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ],
    ["without its key", (): void => rmSync(join(home, "server.key"))],
    ["with another's key", (): void => writeFileSync(join(home, "server.key"), readFileSync(join(home, "ca.key")))],
  ])("is made anew when it is %s, and the token stays", async (_what, damage) => {
    const first = await ensurePki(home);
    damage();
    const second = await ensurePki(home);
    expect(second.certificate).not.toBe(first.certificate);
    expect(second.caCertificate).not.toBe(first.caCertificate);
    expect(second.token).toBe(first.token);
  });

  it("is made anew before it expires, and for new names", async () => {
    const first = await ensurePki(home);
    const later = await ensurePki(home, { now: Date.now() + 3640 * 24 * 60 * 60 * 1000 });
    expect(later.certificate).not.toBe(first.certificate);
    const named = await ensurePki(home, { names: ["other.example.com"] });
    expect(named.certificate).not.toBe(later.certificate);
  });
});

describe("kubeconfig", () => {
  it("names everything ordinal, for its owner only", () => {
    const path = join(home, "kubeconfig");
    writeFileSync(path, "old", { mode: 0o644 });
    writeKubeconfig(path, { server: "https://127.0.0.1:1", caCertificate: "PEM", token: "secret" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(parse(readFileSync(path, "utf8"))).toMatchObject({
      "current-context": "ordinal",
      clusters: [
        {
          name: "ordinal",
          cluster: {
            server: "https://127.0.0.1:1",
            "certificate-authority-data": Buffer.from("PEM").toString("base64"),
          },
        },
      ],
      users: [{ name: "ordinal", user: { token: "secret" } }],
      contexts: [{ name: "ordinal", context: { cluster: "ordinal", user: "ordinal", namespace: "default" } }],
    });
  });
});
