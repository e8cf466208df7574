/**
 * The present addresses of pods whose manifests have none, as a resolver knows them by the pods' names: in docker
 * compose the engine's own at 127.0.0.11 does, and no access to the engine is needed.
 */
import { Resolver } from "node:dns/promises";

import type { Log } from "@ordinal/io";

export interface FollowedPod {
  readonly name: string;
  readonly namespace: string;
}

export interface PodAddressesOptions {
  /** `IP:PORT` of the resolver. */
  readonly resolver: string;
  readonly log: Log;
  /** Milliseconds between two look-ups of one pod. Default 1000. */
  readonly intervalMs?: number;
  /** Milliseconds the resolver has for an answer. Default 1000. */
  readonly timeoutMs?: number;
}

/** Look-ups in a row without any answer until a pod counts as gone: the resolver itself may be busy for a moment. */
const SILENCES_MAX = 3;

export class PodAddresses {
  readonly #resolver: Resolver;
  readonly #options: PodAddressesOptions;
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #silences = new Map<string, number>();
  #pods: readonly FollowedPod[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PodAddressesOptions) {
    this.#options = options;
    this.#resolver = new Resolver({ timeout: options.timeoutMs ?? 1000, tries: 1 });
    this.#resolver.setServers([options.resolver]);
  }

  /** By `namespace/name`; a pod that is not there now has no entry. */
  get addresses(): ReadonlyMap<string, readonly string[]> {
    return this.#addresses;
  }

  /** Whose addresses are wanted from the next round on. */
  set pods(pods: readonly FollowedPod[]) {
    this.#pods = pods;
    const wanted = new Set(pods.map(keyOf));
    for (const key of this.#addresses.keys()) if (!wanted.has(key)) this.#addresses.delete(key);
  }

  /** Looks every pod up now and then regularly, calling `onChange` for each change. Resolves after the first round. */
  async follow(onChange: () => void): Promise<void> {
    const started = performance.now();
    await Promise.all(this.#pods.map((pod) => this.#lookUp(pod, onChange)));
    if (this.#closed) return;
    const restMs = Math.max(0, (this.#options.intervalMs ?? 1000) - (performance.now() - started));
    this.#timer = setTimeout(() => void this.follow(onChange), restMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#resolver.cancel();
  }

  async #lookUp(pod: FollowedPod, onChange: () => void): Promise<void> {
    const key = keyOf(pod);
    let found: readonly string[];
    try {
      found = [...(await this.#resolver.resolve4(pod.name))].sort();
      this.#silences.delete(key);
    } catch (error) {
      found = this.#afterFailure(key, error);
    }
    const known = this.#addresses.get(key) ?? [];
    if (this.#closed || found.join() === known.join()) return;
    if (found.length === 0) this.#addresses.delete(key);
    else this.#addresses.set(key, found);
    this.#options.log.info("dns.pod.address", { pod: key, address: found.join() || "none" });
    onChange();
  }

  /** An answer without an address means that the container is gone; no answer means nothing at first. */
  #afterFailure(key: string, error: unknown): readonly string[] {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const isSilence = code === "ETIMEOUT" || code === "ECONNREFUSED" || code === "ECANCELLED";
    if (!isSilence) {
      this.#silences.delete(key);
      return [];
    }
    const silences = (this.#silences.get(key) ?? 0) + 1;
    this.#silences.set(key, silences);
    if (silences === SILENCES_MAX)
      this.#options.log.warn("dns.pod.resolver-silent", {
        pod: key,
        resolver: this.#options.resolver,
        error: String(code),
      });
    return silences >= SILENCES_MAX ? [] : (this.#addresses.get(key) ?? []);
  }
}

function keyOf(pod: FollowedPod): string {
  return `${pod.namespace}/${pod.name}`;
}
