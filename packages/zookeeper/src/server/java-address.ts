import { isIPv6 } from "node:net";

import type { NetAddress } from "@ordinal/io";

// Source: java.net.InetAddress (getHostAddress), java.net.InetSocketAddress (toString).

/** An address as Java's `getHostAddress` writes it: eight groups for IPv6, and plain IPv4 where it was only mapped. */
export function javaHostAddress(host: string): string {
  if (!isIPv6(host)) return host;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [address = "", zone] = host.split("%");
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => "0");
  const groups = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16).toString(16));
  return groups.join(":") + (zone === undefined ? "" : `%${zone}`);
}

/** As Java prints a socket's address: `/127.0.0.1:2181`, `/[0:0:0:0:0:0:0:1]:2181`. */
export function javaSocketAddress({ host, port }: NetAddress): string {
  const text = javaHostAddress(host);
  return text.includes(":") ? `/[${text}]:${port}` : `/${text}:${port}`;
}

/** Whether a peer is on this machine by its address. */
export function isLoopback(host: string): boolean {
  return host === "::1" || /^(?:::ffff:)?127\./i.test(host);
}
