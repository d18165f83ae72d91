import { Duration } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetterKeeper } from '../core/wiring/event-rules.ts';
import { eventFunctions } from '../core/wiring/flow-functions.ts';
import { acknowledge } from './acknowledge.ts';

/** The engine's event bus, and the queue for what could not be delivered. */
export class EventChannels extends Construct {
  readonly bus: EventBus;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bus = new EventBus(this, 'Bus', { description: 'Events of the Linux Builder Engine' });
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // Six times what the function has that reads it, as AWS advises.
      visibilityTimeout: Duration.seconds(6 * eventFunctions[deadLetterKeeper].timeoutSeconds),
    });
    acknowledge(this.deadLetters, { 'AwsSolutions-SQS3': 'It is the dead-letter queue itself.' });
  }
}
