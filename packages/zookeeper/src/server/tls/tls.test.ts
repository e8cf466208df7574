import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";

import { type Connection, realDisk, type NetAddress } from "@ordinal/io";
import { describe, expect, test } from "vitest";

import { subjectName } from "./distinguished-name.ts";
import { loadKey, loadTrusted } from "./key-material.ts";
import { realSecureNet } from "./real-secure-net.ts";
import type { SecurePeer } from "./secure-net.ts";
import { ciphersOf, loadTlsSettings } from "./tls-settings.ts";

// Made by `keytool -genkeypair -keyalg EC …` and `openssl pkcs12`; the key is nobody's, and 100 years good.
const DATA = join(import.meta.dirname, "testdata");
const path = (name: string): string => join(DATA, name);
const CLIENT_NAME = String.raw`CN=cli\,ent,OU=Q \+ A,O=Ordinal,C=DE,1.2.840.113549.1.9.1=#16056140622e63`;

const settings = (extra: Record<string, string> = {}): ReadonlyMap<string, string> =>
  new Map(
    Object.entries({
      "zookeeper.ssl.keyStore.location": path("server.p12"),
      "zookeeper.ssl.keyStore.password": "changeit",
      "zookeeper.ssl.trustStore.location": path("trust.p12"),
      "zookeeper.ssl.trustStore.password": "changeit",
      ...extra,
    }),
  );

describe("key stores", () => {
  test.each([
    ["server.p12", "changeit", undefined],
    ["server-3des.p12", "changeit", undefined],
    ["server.jks", "changeit", undefined],
    ["server.pem", "", undefined],
    ["server-encrypted.pem", "secret", undefined],
    ["server.p12", "changeit", "jks"],
  ])("the key of %s (password %j, type %j)", async (name, password, type) => {
    const expected = await loadKey(realDisk, { location: path("server.pem"), password: "", type: "PEM" });
    const { key, chain } = await loadKey(realDisk, { location: path(name), password, type });
    expect(key).toBe(expected.key);
    expect(new X509Certificate(chain).fingerprint256).toBe(new X509Certificate(expected.chain).fingerprint256);
  });

  test.each(["trust.p12", "trust.jks", "trust.pem"])("whom %s trusts", async (name) => {
    const [certificate, ...more] = await loadTrusted(realDisk, {
      location: path(name),
      password: "changeit",
      type: "",
    });
    expect(more).toEqual([]);
    expect(subjectName(new X509Certificate(certificate ?? "").raw)).toBe(CLIENT_NAME);
  });

  test.each([
    ["server.p12", "wrong", undefined, "the password is wrong"],
    ["server.jks", "wrong", undefined, "the password of its key is wrong"],
    ["server-encrypted.pem", "wrong", undefined, "is the password right?"],
    ["trust.pem", "", undefined, "it holds no private key"],
    ["none.p12", "", undefined, "no such file or folder"],
    ["server.crt", "", undefined, "say its type"],
    ["server.pem", "", "BCFKS", "keytool -importkeystore"],
  ])(
    "%s with password %j and type %j is refused with its name and the reason",
    async (name, password, type, reason) => {
      await expect(loadKey(realDisk, { location: path(name), password, type })).rejects.toThrow(
        new RegExp(`^the key store .*/${name.replace(".", "\\.")} cannot be used: .*${reason.replace("?", "\\?")}`),
      );
    },
  );

  test("a file that is damaged anywhere is an error, not a crash", async () => {
    for (const name of ["server.p12", "server.jks"]) {
      const bytes = readFileSync(path(name));
      for (let at = 0; at < bytes.length; at += 41) {
        const disk = { open: () => Promise.resolve(fileOf(damaged(bytes, at))) };
        const location = path(name);
        await loadKey({ ...realDisk, ...disk }, { location, password: "changeit", type: undefined }).catch(
          (error: unknown) => {
            expect(error).toMatchObject({ code: "BAD_KEY_STORE" });
          },
        );
      }
    }
  });
});

describe("settings", () => {
  test("what Java calls its suites, OpenSSL's names", () => {
    expect(ciphersOf("TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")).toBe(
      "TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES256-GCM-SHA384",
    );
    expect(ciphersOf("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_RSA_WITH_AES_128_CBC_SHA")).toBe(
      "ECDHE-ECDSA-CHACHA20-POLY1305:AES128-SHA",
    );
    expect(() => ciphersOf("TLS_FORTH_EVER")).toThrow("the cipher suite TLS_FORTH_EVER");
  });

  test.each([
    [{ "zookeeper.ssl.clientAuth": "maybe" }, "ssl.clientAuth is none, want or need"],
    [{ "zookeeper.ssl.enabledProtocols": "TLSv1" }, "TLSv1 is not supported"],
    [{ "zookeeper.ssl.crl": "true" }, "ssl.crl=true is not supported"],
    [{ "zookeeper.ssl.keyStore.location": "" }, "needs ssl.keyStore.location"],
  ])("%j is refused", async (extra, message) => {
    await expect(loadTlsSettings(realDisk, settings(extra))).rejects.toThrow(message);
  });

  test("a password may lie in a file", async () => {
    const extra = {
      "zookeeper.ssl.keyStore.password": "wrong",
      "zookeeper.ssl.keyStore.passwordPath": path("password.txt"),
    };
    expect((await loadTlsSettings(realDisk, settings(extra))).clientAuth).toBe("need");
  });
});

describe("the secure port", () => {
  const clientKey = readFileSync(path("client.pem"));
  const ca = readFileSync(path("server.crt"));

  async function withPort(
    extra: Record<string, string>,
    body: (parts: {
      address: NetAddress;
      accepted: Promise<[Connection, SecurePeer]>;
      refused: Promise<Error>;
    }) => Promise<void>,
  ): Promise<void> {
    const accepted = Promise.withResolvers<[Connection, SecurePeer]>();
    const refused = Promise.withResolvers<Error>();
    const listener = await realSecureNet.listen(
      { host: "127.0.0.1", port: 0 },
      await loadTlsSettings(realDisk, settings(extra)),
      (connection, peer) => accepted.resolve([connection, peer]),
      (_remote, error) => refused.resolve(error),
    );
    try {
      await body({ address: listener.address, accepted: accepted.promise, refused: refused.promise });
    } finally {
      await listener.close();
    }
  }

  const open = ({ host, port }: NetAddress, own: object): TLSSocket =>
    connect({ host, port, ca, servername: "localhost", ...own });

  test("shows who the client is, and carries bytes both ways", () =>
    withPort({}, async ({ address, accepted }) => {
      const client = open(address, { key: clientKey, cert: clientKey });
      const [connection, { certificate }] = await accepted;
      expect(certificate && subjectName(certificate)).toBe(CLIENT_NAME);
      client.write("ping");
      expect(Buffer.from((await connection.read()) ?? []).toString()).toBe("ping");
      await connection.write(Buffer.from("pong"));
      const [answer] = (await once(client, "data")) as [Buffer];
      expect(answer.toString()).toBe("pong");
      connection.destroy();
      client.destroy();
    }));

  test("who shows no certificate is refused, unless none is wanted", async () => {
    await withPort({}, async ({ address, refused }) => {
      const client = open(address, {});
      client.on("error", () => {});
      expect(await refused).toBeInstanceOf(Error);
      client.destroy();
    });
    await withPort({ "zookeeper.ssl.clientAuth": "none" }, async ({ address, accepted }) => {
      const client = open(address, {});
      const [connection, peer] = await accepted;
      expect(peer.certificate).toBeUndefined();
      connection.destroy();
      client.destroy();
    });
  });
});

function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x55;
  return copy;
}

function fileOf(bytes: Uint8Array): Awaited<ReturnType<typeof realDisk.open>> {
  const never = (): Promise<never> => Promise.reject(new Error("it is only read"));
  return {
    modifiedMs: () => Promise.resolve(0),
    size: () => Promise.resolve(bytes.length),
    read: (position, length) => Promise.resolve(bytes.subarray(position, position + length)),
    append: never,
    write: never,
    truncate: never,
    sync: never,
    close: () => Promise.resolve(),
  };
}
