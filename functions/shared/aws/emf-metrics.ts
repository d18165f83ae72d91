import type { Metrics } from '../../../core/ports/metrics.ts';
import { type MetricName, metricCatalogue } from '../../../core/wiring/metric-catalogue.ts';

/** Where all metrics of the engine stand in CloudWatch. */
const namespace = 'LinuxBuilderEngine';

/**
 * Metrics to CloudWatch by its embedded metric format, a line of the log for each value (Powertools gives every metric
 * the function's name as a dimension, and and each is paid for by the month; what Powertools itself counts, cold starts,
 * has it).
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 * @param write writes a line into the function's log
 * @param service the function's name, which stands in each line
 */
export function createEmfMetrics({
  write,
  now,
  service,
}: {
  readonly write: (line: string) => void;
  readonly now: () => Date;
  readonly service: string;
}): Metrics {
  const add = (name: MetricName, labels: Readonly<Record<string, string>>, value: number): void => {
    const { unit, dimensions } = metricCatalogue[name];
    const definition = { Name: name, Unit: unit === 'seconds' ? 'Seconds' : 'Count' };
    const directive = { Namespace: namespace, Dimensions: [dimensions], Metrics: [definition] };
    const aws = { Timestamp: now().getTime(), CloudWatchMetrics: [directive] };
    write(JSON.stringify({ service, ...labels, [name]: value, _aws: aws }));
  };
  return {
    count: (name, labels, by = 1) => add(name, labels, by),
    observe: (name, labels, value) => add(name, labels, value),
    set: (name, labels, value) => add(name, labels, value),
  };
}
