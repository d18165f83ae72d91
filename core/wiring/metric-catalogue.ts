/** What a metric is: one that only grows, one that goes up and down, or a spread of values. */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

interface MetricFacts {
  readonly kind: MetricKind;
  readonly unit: 'count' | 'seconds';
  /** Few values each, and never an id or a tenant: each combination is a series that is kept. */
  readonly labels: readonly string[];
  /**
   * Those of the labels by which CloudWatch keeps apart: each combination is paid for by the month there. The others
   * stand in the line beside the value, for Logs Insights.
   */
  readonly dimensions: readonly string[];
  readonly help: string;
}

/**
 * Every metric, by its name, which is the same in Prometheus and in CloudWatch. Names and units follow Prometheus' own
 * rules (https://prometheus.io/docs/practices/naming/).
 */
export const metricCatalogue = {
  lbuild_http_requests_total: {
    ...{ kind: 'counter', unit: 'count', labels: ['operation', 'status'], dimensions: ['status'] },
    help: 'Requests answered, by operation and class of status (2xx, 4xx, 5xx; maintenance: refused for that).',
  },
  lbuild_http_request_seconds: {
    ...{ kind: 'histogram', unit: 'seconds', labels: ['operation'], dimensions: [] },
    help: 'How long requests took; those that wait for logs wait on purpose.',
  },
  lbuild_function_calls_total: {
    ...{ kind: 'counter', unit: 'count', labels: ['function', 'outcome'], dimensions: ['outcome'] },
    help: 'Calls of functions of events, schedules and the flow: ok or failed.',
  },
  lbuild_function_seconds: {
    ...{ kind: 'histogram', unit: 'seconds', labels: ['function'], dimensions: [] },
    help: 'How long they took.',
  },
  lbuild_builds_waiting: {
    ...{ kind: 'gauge', unit: 'count', labels: [], dimensions: [] },
    help: 'Builds between their submission and their start.',
  },
  lbuild_builds_running: {
    ...{ kind: 'gauge', unit: 'count', labels: [], dimensions: [] },
    help: 'Builds that run.',
  },
  lbuild_outbox_oldest_seconds: {
    ...{ kind: 'gauge', unit: 'seconds', labels: [], dimensions: [] },
    help: 'Age of the oldest event that the bus has not accepted; 0 where there is none.',
  },
  lbuild_dead_letters_open: {
    ...{ kind: 'gauge', unit: 'count', labels: [], dimensions: [] },
    help: 'Dead letters that nobody has redriven or discarded, counted to 100.',
  },
  lbuild_vulnerability_data_age_seconds: {
    ...{ kind: 'gauge', unit: 'seconds', labels: [], dimensions: [] },
    help: 'Since when the mirror of vulnerability data has had nothing new; 0 where there is no mirror, or no data yet.',
  },
  lbuild_maintenance: {
    ...{ kind: 'gauge', unit: 'count', labels: [], dimensions: [] },
    help: '1 while the installation takes no new builds, else 0.',
  },
} as const satisfies Readonly<Record<string, MetricFacts>>;

export type MetricName = keyof typeof metricCatalogue;
type NamesOf<Kind extends MetricKind> = {
  [Name in MetricName]: (typeof metricCatalogue)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;

/** The labels that a metric has, each with its value. */
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<(typeof metricCatalogue)[Name]['labels'][number], string>
>;
