import type { CounterName, GaugeName, HistogramName, LabelsOf } from '../wiring/metric-catalogue.ts';

/** Where measurements go: a registry that Prometheus reads, or CloudWatch by its embedded metric format. */
export interface Metrics {
  /** Counts something that happened; once unless `by` says how often. */
  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  /** One value of a spread, in the metric's unit. */
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** What something is now. */
  set<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>, value: number): void;
}
