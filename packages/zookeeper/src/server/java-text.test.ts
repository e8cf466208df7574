import { expect, test } from "vitest";

import { isLoopback, javaHostAddress, javaSocketAddress } from "./java-address.ts";
import { javaDate, javaDouble } from "./java-text.ts";

test.each([
  [0, "0.0"],
  [7.5095, "7.5095"],
  [12, "12.0"],
  [1e-4, "1.0E-4"],
  [2.5e-4, "2.5E-4"],
  [9_999_999, "9999999.0"],
  [10_000_000, "1.0E7"],
  [67_108_880, "6.710888E7"],
])("the double %d is %s", (value, text) => {
  expect(javaDouble(value)).toBe(text);
});

test("a date in UTC", () => {
  expect(javaDate(Date.UTC(2026, 10, 2, 3, 4, 5))).toBe("Mon Nov 02 03:04:05 UTC 2026");
});

test.each([
  ["127.0.0.1", "/127.0.0.1:1"],
  ["::ffff:127.0.0.1", "/127.0.0.1:1"],
  ["::1", "/[0:0:0:0:0:0:0:1]:1"],
  ["::", "/[0:0:0:0:0:0:0:0]:1"],
  ["fe80::a:0b%eth0", "/[fe80:0:0:0:0:0:a:b%eth0]:1"],
])("the address %s is %s", (host, text) => {
  expect(javaSocketAddress({ host, port: 1 })).toBe(text);
});

test("which addresses are this machine's", () => {
  expect(["127.0.0.1", "127.4.5.6", "::1", "::ffff:127.0.0.1"].map(isLoopback)).toEqual([true, true, true, true]);
  expect(["10.0.0.1", "::", "fe80::1", "::ffff:10.0.0.1"].map(isLoopback)).toEqual([false, false, false, false]);
  expect(javaHostAddress("10.0.0.1")).toBe("10.0.0.1");
});
