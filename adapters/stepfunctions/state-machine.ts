import {
  DescribeExecutionCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Flow } from '../../core/ports/flow.ts';
import { isNamed, serviceFailure } from '../aws/service-failure.ts';

/** What Step Functions calls the end of an execution; PENDING_REDRIVE is a failure that waits for a hand. */
const statuses = {
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  TIMED_OUT: 'failed',
  PENDING_REDRIVE: 'failed',
  ABORTED: 'stopped',
} as const;

/** Longest `cause` that StopExecution takes. */
const maximumCause = 32_768;

/**
 * The build state machine on Step Functions. An execution's name is the build's id, so that starting twice starts
 * once: with the same input the service itself answers for the execution that runs, and for one that is over it
 * refuses the name for 90 days.
 */
export function createStateMachine(options: { readonly client: SFNClient; readonly stateMachineArn: string }): Flow {
  const { client, stateMachineArn } = options;
  const executionArn = (name: string): string => `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;

  return {
    start: async (name, input) => {
      try {
        await client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
        return 'started';
      } catch (error) {
        if (isNamed(error, 'ExecutionAlreadyExists')) return 'exists';
        throw serviceFailure('Step Functions', error);
      }
    },
    stop: async (name, cause) => {
      try {
        await client.send(
          new StopExecutionCommand({ executionArn: executionArn(name), cause: cause.slice(0, maximumCause) }),
        );
      } catch (error) {
        if (!isNamed(error, 'ExecutionDoesNotExist')) throw serviceFailure('Step Functions', error);
      }
    },
    status: async (name) => {
      try {
        const found = await client.send(new DescribeExecutionCommand({ executionArn: executionArn(name) }));
        return found.status === undefined ? 'unknown' : statuses[found.status];
      } catch (error) {
        if (isNamed(error, 'ExecutionDoesNotExist')) return 'unknown';
        throw serviceFailure('Step Functions', error);
      }
    },
    sendTaskSuccess: async (taskToken, output) => {
      try {
        await client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
        return 'sent';
      } catch (error) {
        if (isNamed(error, 'TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken')) return 'gone';
        throw serviceFailure('Step Functions', error);
      }
    },
  };
}
