import { Duration } from 'aws-cdk-lib';
import type { ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { type IEventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { engineSource, eventRules, executionRule, outboxStream, schedules } from '../core/wiring/event-rules.ts';
import type { EventFunctionName } from '../core/wiring/flow-functions.ts';
import { tableSchema } from '../core/wiring/table-schema.ts';
import { acknowledge } from './acknowledge.ts';
import type { EngineFunction } from './engine-function.ts';
import type { EventChannels } from './event-channels.ts';

export interface EventWiringProps {
  readonly channels: EventChannels;
  readonly table: Table;
  readonly stateMachineArn: string;
  readonly functions: Readonly<Record<EventFunctionName, EngineFunction>>;
}

/** Targets that EventBridge takes of a rule. */
const mostTargets = 5;

/** Schedules of the same period, as many in one rule as it has targets: a stack has room for 500 resources. */
function scheduleRules() {
  const byPeriod = Map.groupBy(schedules, ({ everyMinutes }) => everyMinutes);
  return [...byPeriod].flatMap(([everyMinutes, all]) =>
    Array.from({ length: Math.ceil(all.length / mostTargets) }, (_, index) => {
      const some = all.slice(index * mostTargets, (index + 1) * mostTargets);
      const name = `every-${everyMinutes}-minutes${index === 0 ? '' : `-${index + 1}`}`;
      return { name, everyMinutes, targets: some.map(({ target }) => target), does: some.map((one) => one.name) };
    }),
  );
}

/** What calls the event functions: the engine's events, the ends of executions, schedules, and the table's stream. */
export class EventWiring extends Construct {
  constructor(scope: Construct, id: string, props: EventWiringProps) {
    super(scope, id);
    const target = (name: EventFunctionName): LambdaFunction =>
      new LambdaFunction(props.functions[name].function, {
        deadLetterQueue: props.channels.deadLetters,
        // A sweep repairs what was given up, so that a later try would come too late anyway.
        maxEventAge: Duration.hours(1),
        retryAttempts: 8,
      });

    for (const rule of eventRules) {
      new Rule(this, rule.name, {
        eventBus: props.channels.bus as IEventBus,
        description: rule.name,
        eventPattern: { source: [engineSource], detailType: [...rule.types] },
        targets: [target(rule.target)],
      });
    }
    new Rule(this, executionRule.name, {
      description: executionRule.name,
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { status: [...executionRule.statuses], stateMachineArn: [props.stateMachineArn] },
      },
      targets: [target(executionRule.target)],
    });
    for (const { name, everyMinutes, targets, does } of scheduleRules()) {
      new Rule(this, name, {
        description: does.join(', '),
        schedule: Schedule.rate(Duration.minutes(everyMinutes)),
        // The functions get EventBridge's own Scheduled Event, which core/events/envelope.ts reads.
        targets: targets.map(target),
      });
    }

    const publisher = props.functions[outboxStream.target];
    publisher.function.addEventSource(
      new DynamoEventSource(props.table as ITable, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: 100,
        // One bad record must not hold back its shard: it ends in the queue, and the sweep publishes its event.
        bisectBatchOnError: true,
        retryAttempts: 5,
        onFailure: new SqsDlq(props.channels.deadLetters),
        filters: [
          FilterCriteria.filter({
            eventName: FilterRule.isEqual('INSERT'),
            dynamodb: {
              Keys: { [tableSchema.partitionKey]: { S: FilterRule.beginsWith(outboxStream.partitionPrefix) } },
            },
          }),
        ],
      }),
    );
    acknowledge(publisher.role, {
      'AwsSolutions-IAM5[Resource::*]':
        'X-Ray and dynamodb:ListStreams, which the event source asks for, know no resources.',
    });
  }
}
