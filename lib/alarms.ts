import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { EngineFunction } from './engine-function.ts';

export interface AlarmsProps {
  readonly functions: readonly EngineFunction[];
  readonly machine: StateMachine;
  readonly deadLetters: Queue;
  /** SNS topic that is told; without one, alarms only show. */
  readonly topicArn: string | undefined;
}

const period = Duration.minutes(5);

/** What an operator must look at. A build that failed is its user's matter; an execution that failed is not. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const topic = props.topicArn === undefined ? undefined : Topic.fromTopicArn(this, 'Topic', props.topicArn);
    const alarm = (name: string, metric: IMetric, description: string): void => {
      const made = new Alarm(this, name, {
        metric,
        threshold: 1,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
        alarmDescription: description,
      });
      if (topic !== undefined) made.addAlarmAction(new SnsAction(topic));
    };
    for (const { name, function: lambda } of props.functions) {
      alarm(`${name}-errors`, lambda.metricErrors({ period }), `The function ${name} fails: see its log.`);
      alarm(
        `${name}-throttles`,
        lambda.metricThrottles({ period }),
        `The function ${name} is throttled: see the account's quota of concurrent executions (lbuild doctor --aws).`,
      );
    }
    alarm('executions-failed', props.machine.metricFailed({ period }), 'An execution failed outside its own handling.');
    alarm('executions-timed-out', props.machine.metricTimedOut({ period }), 'An execution ran out of time.');
    alarm('executions-throttled', props.machine.metricThrottled({ period }), 'Step Functions throttles executions.');
    alarm(
      'dead-letters',
      props.deadLetters.metricNumberOfMessagesSent({ period, statistic: 'Sum' }),
      'Work was given up: `lbuild dlq list` shows it; mend the cause, then `lbuild dlq redrive`.',
    );
  }
}
