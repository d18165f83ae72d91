import { Duration } from 'aws-cdk-lib';
import {
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { engineMetric } from './engine-metrics.ts';

export interface DashboardProps {
  readonly plugins: IFunction;
  readonly machine: StateMachine;
  readonly deadLetters: Queue;
  readonly table: Table;
}

const period = Duration.minutes(5);
/** Of the 24 columns of a dashboard. */
const third = 8;

/** What an operator looks at first: whether users are served, whether builds go on, and what would stop them. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { plugins, machine, deadLetters, table } = props;
    const board = new CloudWatchDashboard(this, 'Dashboard', { defaultInterval: Duration.days(1) });
    const graph = (title: string, left: IMetric[], right: IMetric[] = []): GraphWidget =>
      new GraphWidget({ title, left, right, width: third, leftYAxis: { min: 0 }, rightYAxis: { min: 0 } });
    const requests = (status: string) =>
      engineMetric('lbuild_http_requests_total', { statistic: 'Sum', period, dimensions: { status } });
    const seconds = (statistic: string) => engineMetric('lbuild_http_request_seconds', { statistic, period });
    const gauge = (name: Parameters<typeof engineMetric>[0]) => engineMetric(name, { statistic: 'Maximum', period });
    const calls = (outcome: string) =>
      engineMetric('lbuild_function_calls_total', { statistic: 'Sum', period, dimensions: { outcome } });
    board.addWidgets(
      new TextWidget({
        markdown:
          'Metrics: docs/operations.md. What to do about an alarm: docs/operations/, by the alarm’s description.',
        width: 24,
        height: 1,
      }),
    );
    board.addWidgets(
      graph('Requests', [requests('2xx'), requests('4xx'), requests('5xx')]),
      graph('Seconds of requests', [seconds('p50'), seconds('p99')]),
      graph('Builds', [gauge('lbuild_builds_waiting'), gauge('lbuild_builds_running')], [gauge('lbuild_maintenance')]),
    );
    board.addWidgets(
      graph('Executions', [
        machine.metricStarted({ period }),
        machine.metricSucceeded({ period }),
        machine.metricFailed({ period }),
        machine.metricTimedOut({ period }),
        machine.metricAborted({ period }),
      ]),
      graph('Functions of events and the flow', [calls('ok')], [calls('failed')]),
      graph('Slowest function', [engineMetric('lbuild_function_seconds', { statistic: 'p99', period })]),
    );
    board.addWidgets(
      graph('Events that wait, s', [gauge('lbuild_outbox_oldest_seconds')]),
      graph('Work given up', [
        gauge('lbuild_dead_letters_open'),
        deadLetters.metricNumberOfMessagesSent({ period, statistic: 'Sum' }),
      ]),
      graph(
        'Table',
        [table.metricConsumedReadCapacityUnits({ period }), table.metricConsumedWriteCapacityUnits({ period })],
        [
          table.metric('ReadThrottleEvents', { statistic: 'Sum', period }),
          table.metric('WriteThrottleEvents', { statistic: 'Sum', period }),
        ],
      ),
    );
    board.addWidgets(
      graph(
        'Plugins at once',
        [plugins.metric('ConcurrentExecutions', { statistic: 'Maximum', period })],
        [plugins.metricErrors({ period }), plugins.metricThrottles({ period })],
      ),
      graph('Milliseconds of plugins', [
        plugins.metricDuration({ period, statistic: 'p50' }),
        plugins.metricDuration({ period, statistic: 'Maximum' }),
      ]),
      graph('Hours of vulnerability data', [
        new MathExpression({
          ...{ expression: 'age / 3600', period, label: 'since there was anything new' },
          usingMetrics: { age: gauge('lbuild_vulnerability_data_age_seconds') },
        }),
      ]),
    );
  }
}
