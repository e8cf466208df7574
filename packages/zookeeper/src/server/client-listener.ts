import type { Connection, Listener, Log, Net, NetAddress, Resolver } from "@ordinal/io";
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
  parts: { readonly net: Pick<Net, "listen">; readonly resolver: Resolver; readonly log: Log },
  { host, port }: NetAddress,
  accept: (connection: Connection) => void,
): Promise<Listener> {
  const { net, resolver, log } = parts;
  const [address = host] = host === ANY_ADDRESS ? [host] : await resolver.resolve(host);
  log.info("binding", {
    message: `binding to port ${host === address && host !== ANY_ADDRESS ? "" : host}/${javaHostAddress(address)}:${port}`,
  });
  let listener: Listener;
  if (address === ANY_ADDRESS) {
    try {
      listener = await net.listen({ host: EVERY_INTERFACE, port }, accept);
    } catch (error) {
      if (!hasCode(error, "EAFNOSUPPORT") && !hasCode(error, "EADDRNOTAVAIL")) throw error;
      listener = await net.listen({ host: ANY_ADDRESS, port }, accept);
    }
  } else {
    listener = await net.listen({ host: address, port }, accept);
  }
  log.info("bound", { message: `bound to port ${listener.address.port}`, host: listener.address.host });
  return listener;
}
