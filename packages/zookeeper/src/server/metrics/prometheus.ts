import type { NetAddress } from "@ordinal/io";

import type { ServerConfig } from "../../config/server-config.ts";
import type { Http, HttpListener } from "../http/http-port.ts";
import { javaDouble } from "../java-text.ts";
import type { ServerView } from "../server-view.ts";
import { derivedCounters, gauges } from "./monitor-values.ts";
import { PercentileSummary } from "./summary.ts";

// Source: org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider; the text format of Prometheus, version 0.0.4.

const PROVIDER = "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider";
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const DEFAULT_PORT = 7000;
const QUANTILES = [0.5, 0.9, 0.99] as const;

/** Where `/metrics` is wanted, if the configuration names the provider. */
export function metricsAddress(config: ServerConfig): NetAddress | undefined {
  if (config.metricsProviderClassName !== PROVIDER) return undefined;
  return {
    host: config.metricsProvider.get("httpHost") ?? "0.0.0.0",
    port: Number(config.metricsProvider.get("httpPort") ?? DEFAULT_PORT),
  };
}

/** Opens the endpoint. As in the original a port that cannot be had is an error of the start: somebody asked for it. */
export async function startMetricsServer(http: Http, view: ServerView, address: NetAddress): Promise<HttpListener> {
  view.service.log.info("metrics-endpoint", {
    message: `Starting /metrics HTTP endpoint at HTTP port: ${address.port}, host: ${address.host}`,
  });
  return http.listen(address, ({ path }) => {
    const isIt = path === "/metrics";
    const body = isIt ? prometheusText(view) : "Not Found\n";
    const contentType = isIt ? CONTENT_TYPE : "text/plain; charset=utf-8";
    return Promise.resolve({ status: isIt ? 200 : 404, contentType, body });
  });
}

/** All metrics in Prometheus' text format, with the original's names. */
export function prometheusText(view: ServerView): string {
  let text = "";
  const family = (name: string, type: string, samples: ReadonlyArray<readonly [string, number]>): void => {
    text += `# HELP ${name} ${name}\n# TYPE ${name} ${type}\n`;
    for (const [key, value] of samples) text += `${key} ${Number.isNaN(value) ? "NaN" : javaDouble(value)}\n`;
  };
  for (const { name, value } of gauges(view)) family(name, "gauge", [[name, value]]);
  for (const [name, counter] of view.metrics.counters) family(name, "counter", [[name, counter.value]]);
  for (const { name, value } of derivedCounters(view)) family(name, "counter", [[name, Number(value)]]);
  for (const [name, summary] of view.metrics.summaries) {
    const samples: [string, number][] = [];
    if (summary instanceof PercentileSummary) {
      for (const quantile of QUANTILES) {
        const value = summary.count === 0 ? Number.NaN : summary.percentile(quantile);
        samples.push([`${name}{quantile="${quantile}",}`, value]);
      }
    }
    samples.push([`${name}_count`, summary.count], [`${name}_sum`, summary.sum]);
    family(name, "summary", samples);
  }
  return text;
}
