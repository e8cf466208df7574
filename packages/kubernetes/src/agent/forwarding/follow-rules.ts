import type { Pod, Service } from "kubernetes-types/core/v1.d.ts";
import type { EndpointSlice } from "kubernetes-types/discovery/v1.d.ts";

import type { Client } from "../../api/client.ts";
import { WatchCache } from "../../kubelet/watch-cache.ts";
import { type ForwardRule, forwardRules, type RuleOptions } from "./rules.ts";

/**
 * Tells the rules whenever they may have changed, in the turn after the change. Only once everything that was there at the
 * start is known, so that nothing is taken for gone before.
 */
export function followRules(
  client: Client,
  options: RuleOptions,
  onRules: (rules: ReadonlyMap<string, ForwardRule>) => void,
): { stop(): void } {
  let synced = false;
  let planned = false;
  let stopped = false;
  const changed = () => {
    if (planned || !synced || stopped) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      if (stopped) return;
      onRules(
        forwardRules(
          {
            services: services.all() as Iterable<Service>,
            slices: slices.all() as unknown as Iterable<EndpointSlice>,
            pods: pods.all() as Iterable<Pod>,
          },
          options,
        ),
      );
    });
  };
  const services = new WatchCache(client, "services", {}, changed);
  const slices = new WatchCache(client, "endpointslices.discovery.k8s.io", {}, changed);
  const pods = new WatchCache(client, "pods", {}, changed);
  void Promise.all([services.synced, slices.synced, pods.synced]).then(() => {
    synced = true;
    changed();
  });
  return {
    stop() {
      stopped = true;
      for (const cache of [services, slices, pods]) cache.stop();
    },
  };
}
