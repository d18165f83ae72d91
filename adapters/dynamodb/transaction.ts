import {
  type CancellationReason,
  type DynamoDBClient,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { EngineError } from '../../core/errors.ts';
import { ConditionFailed, type TableRecord, type TableWrite } from '../../core/ports/table.ts';
import { recordTooLarge } from '../../core/ports/table-limits.ts';
import { mayWrite } from '../../core/ports/table-writes.ts';
import { recordOf } from './record-item.ts';
import { type Backoff, retry, tryAgain, type Undone } from './retries.ts';
import { writeAction } from './write-request.ts';

/**
 * Carries writes out as one TransactWriteItems. Its token makes it happen once, however often the SDK sends it: a
 * single UpdateItem is half the price, but one whose answer was lost would count twice or fail its own condition.
 *
 * @param newToken a random text of 1 to 36 characters
 * @throws ConditionFailed; EngineError service.unavailable, table.refused
 */
export async function runTransaction(
  options: {
    readonly client: DynamoDBClient;
    readonly tableName: string;
    readonly backoff: Backoff;
    readonly newToken: () => string;
  },
  writes: readonly TableWrite[],
): Promise<void> {
  /** Positions of increments that must create their record: learned from failed attempts. */
  const creating = new Set<number>();
  let token = options.newToken();
  await retry<void>(options.backoff, async () => {
    try {
      await options.client.send(
        new TransactWriteItemsCommand({
          ClientRequestToken: token,
          TransactItems: writes.map((write, position) => writeAction(options.tableName, write, creating.has(position))),
        }),
      );
      return { done: true, result: undefined };
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) return tryAgain(error);
      // Cancelled is certain: nothing was written, and the next attempt is another transaction.
      token = options.newToken();
      return afterCancellation(error, writes, creating);
    }
  });
}

function afterCancellation(
  error: TransactionCanceledException,
  writes: readonly TableWrite[],
  creating: Set<number>,
): Undone {
  const reasons = error.CancellationReasons ?? [];
  const failed: number[] = [];
  let wait = false;
  for (const [position, write] of writes.entries()) {
    const reason = reasons[position];
    switch (reason?.Code) {
      case undefined:
      case 'None':
        break;
      case 'ConditionalCheckFailed': {
        const before = storedItem(reason);
        if (write.kind === 'increment' && mayWrite(write, before)) {
          if (before === undefined) creating.add(position);
          else creating.delete(position);
        } else {
          failed.push(position);
        }
        break;
      }
      case 'TransactionConflict':
      case 'ProvisionedThroughputExceeded':
      case 'ThrottlingError':
        wait = true;
        break;
      case 'ValidationError':
        // The writes were checked; what cannot be checked is how large counters that were there before make a record.
        if (/\bsize\b/i.test(reason.Message ?? '')) throw recordTooLarge(`writes[${position}]`);
        throw refused(error);
      default:
        throw refused(error);
    }
  }
  if (failed.length > 0) throw new ConditionFailed(failed);
  return { done: false, wait, cause: error };
}

function storedItem(reason: CancellationReason): TableRecord | undefined {
  const item = reason.Item;
  return item === undefined || Object.keys(item).length === 0 ? undefined : recordOf(item);
}

function refused(error: TransactionCanceledException): EngineError {
  return new EngineError('internal.error', 'The table refuses what the engine asks of it.', { cause: error });
}
