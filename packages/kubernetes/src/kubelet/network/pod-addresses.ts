/** First and last host part of the pods' share of 127.N.0.0/16; ClusterIPs begin above it, at 127.N.240.0. */
const FIRST = 10;
const LAST = 240 * 256 - 1;

/**
 * Gives pods their addresses inside the lab's /16. An address goes to the back of the queue when it is released, so that a
 * client that still holds it does not meet another pod at once.
 */
export class PodAddresses {
  readonly #subnet: number;
  readonly #used = new Set<number>();
  #next = FIRST;

  constructor(subnet: number) {
    this.#subnet = subnet;
  }

  /** A free address. Throws when all 61,430 are in use. */
  take(): string {
    for (let tried = 0; tried <= LAST - FIRST; tried++) {
      const host = this.#next;
      this.#next = host === LAST ? FIRST : host + 1;
      // The last byte of an address is neither 0 nor 255, which people take for networks and broadcasts.
      if (this.#used.has(host) || host % 256 === 0 || host % 256 === 255) continue;
      this.#used.add(host);
      return this.#format(host);
    }
    throw new Error("failed to allocate for range 0: no IP addresses available in range set");
  }

  /** Keeps an address that an ended pod still shows from being given to another one. False when it is not of this lab. */
  reserve(address: string): boolean {
    const host = this.#parse(address);
    if (host === undefined) return false;
    this.#used.add(host);
    return true;
  }

  release(address: string): void {
    const host = this.#parse(address);
    if (host !== undefined) this.#used.delete(host);
  }

  #format(host: number): string {
    return `127.${this.#subnet}.${host >> 8}.${host & 255}`;
  }

  #parse(address: string): number | undefined {
    const [first, second, third, fourth] = address.split(".").map(Number);
    if (first !== 127 || second !== this.#subnet || third === undefined || fourth === undefined) return undefined;
    return third * 256 + fourth;
  }
}
