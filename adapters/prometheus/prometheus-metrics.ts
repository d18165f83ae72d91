import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../../core/ports/metrics.ts';
import { type MetricKind, type MetricName, metricCatalogue } from '../../core/wiring/metric-catalogue.ts';

/** Upper bounds of a histogram's buckets in seconds: from an answer out of memory to the longest function. */
const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];

export interface PrometheusMetrics extends Metrics {
  /** What Prometheus reads: its text format, and the media type of that. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** Keeps the metrics of this process, to be read by Prometheus. */
export function createPrometheusMetrics(): PrometheusMetrics {
  const registry = new Registry();
  const counters = new Map<MetricName, Counter>();
  const gauges = new Map<MetricName, Gauge>();
  const histograms = new Map<MetricName, Histogram>();
  const of = <Metric>(kind: MetricKind, made: Map<MetricName, Metric>, make: (facts: Described) => Metric): void => {
    for (const [name, facts] of Object.entries(metricCatalogue) as [MetricName, Facts][]) {
      if (facts.kind !== kind) continue;
      made.set(name, make({ name, help: facts.help, labelNames: [...facts.labels], registers: [registry] }));
    }
  };
  of('counter', counters, (facts) => new Counter(facts));
  of('gauge', gauges, (facts) => new Gauge(facts));
  of('histogram', histograms, (facts) => new Histogram({ ...facts, buckets: secondsBuckets }));
  return {
    count: (name, labels, by = 1) => counters.get(name)?.inc({ ...labels }, by),
    observe: (name, labels, value) => histograms.get(name)?.observe({ ...labels }, value),
    set: (name, labels, value) => gauges.get(name)?.set({ ...labels }, value),
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

type Facts = (typeof metricCatalogue)[MetricName];

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}
