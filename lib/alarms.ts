import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { pluginFunction } from '../core/wiring/flow-functions.ts';
import { tableSchema } from '../core/wiring/table-schema.ts';
import type { EngineFunction } from './engine-function.ts';
import { engineMetric } from './engine-metrics.ts';
import { type Runbook, runbookHint } from './runbooks.ts';

export interface AlarmsProps {
  readonly functions: readonly EngineFunction[];
  /** What runs plugins: none of the engine's functions. */
  readonly plugins: IFunction;
  readonly machine: StateMachine;
  readonly deadLetters: Queue;
  readonly table: Table;
  /** SNS topic that is told; without one, alarms only show. */
  readonly topicArn: string | undefined;
}

const period = Duration.minutes(5);

/** Seconds after which an event should long have been told: the sweep does so each minute. */
const outboxSeconds = 300;

/** Seconds after which vulnerability data is old: each distribution's changes several times a day, and is read every four hours. */
const dataSeconds = 86_400;

/** An alarm: what is watched, from which value on, for how many periods, and what to do about it. */
interface Watched {
  readonly metric: IMetric;
  readonly description: string;
  readonly runbook: Runbook;
  readonly threshold?: number;
  readonly periods?: number;
}

/** What an operator must look at. A build that failed is its user's matter; an execution that failed is not. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const topic = props.topicArn === undefined ? undefined : Topic.fromTopicArn(this, 'Topic', props.topicArn);
    for (const [name, watched] of Object.entries(watchedOf(props))) {
      const { metric, description, runbook, threshold = 1, periods = 1 } = watched;
      const made = new Alarm(this, name, {
        metric,
        threshold,
        evaluationPeriods: periods,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
        alarmDescription: `${description} ${runbookHint(runbook)}`,
      });
      if (topic !== undefined) made.addAlarmAction(new SnsAction(topic));
    }
  }
}

/** All alarms, by their names. */
function watchedOf({
  functions,
  plugins,
  machine,
  deadLetters,
  table,
}: AlarmsProps): Readonly<Record<string, Watched>> {
  const maximum = { statistic: 'Maximum', period };
  return {
    ...Object.fromEntries(functions.flatMap(ofFunction)),
    ...ofPlugins(plugins),
    'api-failures': {
      metric: engineMetric('lbuild_http_requests_total', {
        ...{ statistic: 'Sum', period, dimensions: { status: '5xx' } },
      }),
      description: 'Requests were answered by 500 and above.',
      runbook: 'api-failures',
      // One that a caller sees once, and which goes well again, is no matter for the night.
      threshold: 5,
    },
    'executions-failed': {
      metric: machine.metricFailed({ period }),
      description: 'An execution failed outside its own handling.',
      runbook: 'executions-failed',
    },
    'executions-timed-out': {
      metric: machine.metricTimedOut({ period }),
      description: 'An execution ran out of time.',
      runbook: 'executions-failed',
    },
    'executions-throttled': {
      metric: machine.metricThrottled({ period }),
      description: 'Step Functions throttles executions.',
      runbook: 'executions-throttled',
    },
    'dead-letters': {
      metric: deadLetters.metricNumberOfMessagesSent({ period, statistic: 'Sum' }),
      description: 'Work was given up.',
      runbook: 'dead-letters',
    },
    'outbox-stands': {
      metric: engineMetric('lbuild_outbox_oldest_seconds', maximum),
      description: 'For ten minutes there was an event that had not been told for five.',
      runbook: 'outbox-stands',
      threshold: outboxSeconds,
      // A redriven event is as old as it was when it failed, for the second until it is told.
      periods: 2,
    },
    'queue-stands': {
      metric: new MathExpression({
        expression: 'IF(waiting > 0 AND running == 0 AND maintenance == 0, 1, 0)',
        usingMetrics: {
          waiting: engineMetric('lbuild_builds_waiting', { statistic: 'Minimum', period }),
          running: engineMetric('lbuild_builds_running', maximum),
          maintenance: engineMetric('lbuild_maintenance', maximum),
        },
        period,
        label: 'builds wait and none runs',
      }),
      description: 'Builds wait, and none runs, for a quarter of an hour.',
      runbook: 'queue-stands',
      periods: 3,
    },
    'vulnerability-data-old': {
      metric: engineMetric('lbuild_vulnerability_data_age_seconds', maximum),
      description: 'The mirror of vulnerability data has had nothing new for a day.',
      runbook: 'vulnerability-data-old',
      threshold: dataSeconds,
      periods: 2,
    },
    'table-throttles': {
      metric: throttlesOf(table),
      description: 'DynamoDB throttles the table.',
      runbook: 'table-throttles',
      threshold: 10,
    },
  };
}

/**
 * Throttled requests of the table and of each index, which DynamoDB counts apart. It writes such a metric only where there
 * were any, and a sum of which one part is missing has no value: what is missing is taken for none.
 */
function throttlesOf(table: Table): MathExpression {
  const of = (name: string, index?: string): IMetric =>
    new Metric({
      ...{ namespace: 'AWS/DynamoDB', metricName: name, statistic: 'Sum', period },
      dimensionsMap: {
        TableName: table.tableName,
        ...(index === undefined ? {} : { GlobalSecondaryIndexName: index }),
      },
    });
  const places = [undefined, ...Object.values(tableSchema.indexes).map(({ name }) => name)];
  const usingMetrics = Object.fromEntries(
    places.flatMap((index, place) => [
      [`reads${place}`, of('ReadThrottleEvents', index)],
      [`writes${place}`, of('WriteThrottleEvents', index)],
    ]),
  );
  const expression = Object.keys(usingMetrics)
    .map((name) => `FILL(${name}, 0)`)
    .join(' + ');
  return new MathExpression({ expression, usingMetrics, period, label: 'throttled requests' });
}

/** What a plugin does wrong is an outcome and no error: what is seen here, the sandbox or the account did. */
function ofPlugins(lambda: IFunction): Readonly<Record<string, Watched>> {
  const { name, suspectMilliseconds } = pluginFunction;
  const runbook = 'plugin-runs';
  return {
    [`${name}-errors`]: {
      metric: lambda.metricErrors({ period }),
      description: 'What runs plugins of tenants fails: no code of theirs should be able to do that.',
      runbook,
    },
    [`${name}-throttles`]: {
      metric: lambda.metricThrottles({ period }),
      description: 'More plugins of tenants are to be run at once than may be.',
      runbook,
      // One more submission at once is no matter for the night: its caller tries again.
      threshold: 10,
    },
    [`${name}-duration`]: {
      metric: lambda.metricDuration({ period, statistic: 'Maximum' }),
      description: 'A run of a plugin took longer than a sandbox lets it.',
      runbook,
      threshold: suspectMilliseconds,
    },
  };
}

function ofFunction({ name, function: lambda }: EngineFunction): [string, Watched][] {
  return [
    [
      `${name}-errors`,
      {
        metric: lambda.metricErrors({ period }),
        description: `The function ${name} fails.`,
        runbook: 'function-failures',
      },
    ],
    [
      `${name}-throttles`,
      {
        metric: lambda.metricThrottles({ period }),
        description: `The function ${name} is throttled.`,
        runbook: 'function-throttles',
      },
    ],
  ];
}
