import { Duration } from 'aws-cdk-lib';
import { EventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetterKeeper } from '../core/wiring/event-rules.ts';
import type { EventFunctionName } from '../core/wiring/flow-functions.ts';
import type { EngineFunction } from './engine-function.ts';

export interface DeadLetterWiringProps {
  readonly deadLetters: Queue;
  readonly functions: Readonly<Record<EventFunctionName, EngineFunction>>;
}

/**
 * Where asynchronous work goes that failed: EventBridge sends what it could not deliver to the queue itself; a function
 * that throws at an event is called twice more by Lambda, which then sends the event there too; and one function writes
 * down all that comes to the queue.
 */
export class DeadLetterWiring extends Construct {
  constructor(scope: Construct, id: string, props: DeadLetterWiringProps) {
    super(scope, id);
    const { deadLetters, functions } = props;
    for (const [name, { function: lambda }] of Object.entries(functions)) {
      if (name === deadLetterKeeper) continue;
      new EventInvokeConfig(this, `${name}-failures`, {
        function: lambda,
        onFailure: new SqsDestination(deadLetters),
        retryAttempts: 2,
        // A sweep repairs what was given up, so that a later try would come too late anyway; what webhooks are to be sent and
        // nobody could write down is a dead letter, which operators redrive.
        maxEventAge: Duration.hours(1),
      });
    }
    functions[deadLetterKeeper].function.addEventSource(
      new SqsEventSource(deadLetters, { batchSize: 10, reportBatchItemFailures: true }),
    );
  }
}
