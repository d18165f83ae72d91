import type { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricName } from '../core/wiring/metric-catalogue.ts';

/** Where the functions write the engine's metrics (functions/shared/aws/emf-metrics.ts). */
export const metricNamespace = 'LinuxBuilderEngine';

/** A metric of the engine's own, by its name in core/wiring. */
export function engineMetric(
  name: MetricName,
  options: { readonly statistic: string; readonly period: Duration; readonly dimensions?: Record<string, string> },
): Metric {
  const { statistic, period, dimensions = {} } = options;
  return new Metric({ namespace: metricNamespace, metricName: name, statistic, period, dimensionsMap: dimensions });
}
