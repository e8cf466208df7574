import type { Listener, Log, NetAddress, Resolver } from "@ordinal/io";
import { hasCode } from "@ordinal/kit";

import { ANY_ADDRESS } from "../config/server-config.ts";
import { javaHostAddress } from "./java-address.ts";

const EVERY_INTERFACE = "::";

/**
 * Listens where the configuration says. As in Java every interface is IPv6 and IPv4 together, where the machine has both.
 * Rejects with the system's error if that is not possible.
 *
 * @param host a name or an address
 */
export async function listenAt(
  parts: { readonly resolver: Resolver; readonly log: Log },
  { host, port }: NetAddress,
  listen: (address: NetAddress) => Promise<Listener>,
): Promise<Listener> {
  const { resolver, log } = parts;
  const [address = host] = host === ANY_ADDRESS ? [host] : await resolver.resolve(host);
  log.info("binding", {
    message: `binding to port ${host === address && host !== ANY_ADDRESS ? "" : host}/${javaHostAddress(address)}:${port}`,
  });
  let listener: Listener;
  if (address === ANY_ADDRESS) {
    try {
      listener = await listen({ host: EVERY_INTERFACE, port });
    } catch (error) {
      if (!hasCode(error, "EAFNOSUPPORT") && !hasCode(error, "EADDRNOTAVAIL")) throw error;
      listener = await listen({ host: ANY_ADDRESS, port });
    }
  } else {
    listener = await listen({ host: address, port });
  }
  log.info("bound", { message: `bound to port ${listener.address.port}`, host: listener.address.host });
  return listener;
}
