import type { Backend, ForwardRule } from "./rules.ts";

/** Clients remembered per rule; the one that came longest ago is forgotten first. */
const CLIENTS_MAX = 10_000;

interface Remembered {
  readonly backend: string;
  readonly at: number;
}

/** In which order a rule's endpoints are tried for a client: round robin, or the same again under session affinity. */
export class Balancer {
  #next = 0;
  readonly #clients = new Map<string, Remembered>();

  /** All of them, the best first: a dead one is skipped by going on to the next. `now` in milliseconds. */
  order(rule: ForwardRule, client: string, now: number): Backend[] {
    const { backends, affinitySeconds } = rule;
    if (backends.length === 0) return [];
    const first = this.#next++ % backends.length;
    const ordered = [...backends.slice(first), ...backends.slice(0, first)];
    const known = affinitySeconds === undefined ? undefined : this.#clients.get(client);
    if (known === undefined || affinitySeconds === undefined || now - known.at >= affinitySeconds * 1000)
      return ordered;
    return ordered.toSorted(
      (left, right) => Number(key(right) === known.backend) - Number(key(left) === known.backend),
    );
  }

  /** The client's connection went to `backend`. */
  connected(rule: ForwardRule, client: string, backend: Backend, now: number): void {
    if (rule.affinitySeconds === undefined) return;
    this.#clients.delete(client);
    this.#clients.set(client, { backend: key(backend), at: now });
    const [oldest] = this.#clients.keys();
    if (this.#clients.size > CLIENTS_MAX && oldest !== undefined) this.#clients.delete(oldest);
  }
}

function key({ address, port }: Backend): string {
  return `${address}:${port}`;
}
