import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { addressBytes, addressKey, reverseAddress } from "./address.ts";

describe("addressBytes", () => {
  it.each([
    ["10.0.0.1", [10, 0, 0, 1]],
    ["255.255.255.255", [255, 255, 255, 255]],
    ["::", Array.from({ length: 16 }, () => 0)],
    ["::1", [...Array.from({ length: 15 }, () => 0), 1]],
    ["1::", [0, 1, ...Array.from({ length: 14 }, () => 0)]],
    ["::ffff:10.0.0.1", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1]],
    ["1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
  ])("reads %s", (text, bytes) => {
    expect([...(addressBytes(text) ?? [])]).toEqual(bytes);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.a",
    "1..2.3",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "g::",
    "::1.2.3",
    "1.2.3.4::",
  ])("refuses %j", (text) => {
    expect(addressBytes(text)).toBeNull();
  });

  it("gives equal keys for every spelling of an address", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const bytes = addressBytes(text) ?? new Uint8Array();
        const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
        expect(addressKey(addressBytes(canonical) ?? new Uint8Array())).toBe(addressKey(bytes));
      }),
    );
    fc.assert(fc.property(fc.ipV4(), (text) => [...(addressBytes(text) ?? [])].join(".") === text));
  });
});

describe("reverseAddress", () => {
  it("undoes the spelling of addresses in the reverse tree", () => {
    const anyAddress = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(anyAddress, (bytes) => {
        const digits = bytes.length === 4 ? [...bytes].map(String) : [...Buffer.from(bytes).toString("hex")];
        const labels = [...digits.reverse(), bytes.length === 4 ? "in-addr" : "ip6", "arpa"];
        expect(reverseAddress(labels)).toEqual(bytes);
      }),
    );
  });

  it.each([
    "1.2.3.in-addr.arpa",
    "1.2.3.4.5.in-addr.arpa",
    "0.ip6.arpa",
    "1.2.3.4.example.com",
    "arpa",
    `${"ff.".repeat(32)}ip6.arpa`,
  ])("knows that %s is no address", (name) => {
    expect(reverseAddress(name.split("."))).toBeNull();
  });
});
