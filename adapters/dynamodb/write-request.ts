import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { JsonValue } from '../../core/digest.ts';
import { type TableCondition, type TableWrite, tableIndexes } from '../../core/ports/table.ts';
import { counterBounds } from '../../core/ports/table-writes.ts';
import { tableSchema } from '../../core/wiring/table-schema.ts';
import { marshalValue, numberValue } from './attribute-value.ts';
import { keyAttributes } from './record-item.ts';

/** An UpdateItem but for the members that differ between it and a transaction's Update. */
export interface UpdateRequest {
  readonly TableName: string;
  readonly Key: Record<string, AttributeValue>;
  readonly UpdateExpression: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: Record<string, AttributeValue>;
}

/**
 * A write as one action of TransactWriteItems. Where its condition fails, the answer holds the stored item.
 *
 * @param creates for an increment: take the record to be absent and create it. An update expression cannot make the
 *   map of counters and a member of it at once, so the caller says which of the two it expects, and the action's
 *   condition fails where that is wrong.
 */
export function writeAction(tableName: string, write: TableWrite, creates: boolean): TransactWriteItem {
  const failure = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };
  switch (write.kind) {
    case 'put':
      return { Update: { ...putRequest(tableName, write), ...failure } };
    case 'increment':
      return { Update: { ...incrementRequest(tableName, write, creates), ...failure } };
    case 'delete': {
      const condition = write.condition && conditionOf(write.condition);
      return { Delete: { TableName: tableName, Key: keyAttributes(write.key), ...condition, ...failure } };
    }
    case 'check':
      return {
        ConditionCheck: {
          TableName: tableName,
          Key: keyAttributes(write.key),
          ...conditionOf(write.condition),
          ...failure,
        },
      };
  }
}

/** A put as an update, so that the version goes on and counters that are there stay. */
export function putRequest(tableName: string, write: Extract<TableWrite, { kind: 'put' }>): UpdateRequest {
  const set = new Map<string, JsonValue>([[tableSchema.data, write.data]]);
  const removed: string[] = [];
  const assign = (name: string, value: JsonValue | undefined) => {
    if (value === undefined) removed.push(name);
    else set.set(name, value);
  };
  for (const index of tableIndexes) {
    const { partitionKey, sortKey } = tableSchema.indexes[index];
    assign(partitionKey, write.indexes?.[index]?.partition);
    assign(sortKey, write.indexes?.[index]?.sort);
  }
  assign(tableSchema.timeToLive, write.expiresAt);

  const names: Record<string, string> = { '#version': tableSchema.version, '#counters': tableSchema.counters };
  const values: Record<string, AttributeValue> = {
    ':zero': numberValue(0),
    ':one': numberValue(1),
    ':counters': marshalValue(write.counters ?? {}),
  };
  const assignments = [
    '#version = if_not_exists(#version, :zero) + :one',
    '#counters = if_not_exists(#counters, :counters)',
  ];
  for (const [name, value] of set) {
    names[`#${name}`] = name;
    values[`:${name}`] = marshalValue(value);
    assignments.push(`#${name} = :${name}`);
  }
  for (const name of removed) names[`#${name}`] = name;
  const removal = removed.length === 0 ? '' : ` REMOVE ${removed.map((name) => `#${name}`).join(', ')}`;
  const condition = write.condition && conditionOf(write.condition);
  return {
    TableName: tableName,
    Key: keyAttributes(write.key),
    UpdateExpression: `SET ${assignments.join(', ')}${removal}`,
    ...(condition === undefined ? {} : { ConditionExpression: condition.ConditionExpression }),
    ExpressionAttributeNames: { ...names, ...condition?.ExpressionAttributeNames },
    ExpressionAttributeValues: { ...values, ...condition?.ExpressionAttributeValues },
  };
}

function incrementRequest(
  tableName: string,
  write: Extract<TableWrite, { kind: 'increment' }>,
  creates: boolean,
): UpdateRequest {
  const names = { '#pk': tableSchema.partitionKey, '#version': tableSchema.version, '#counters': tableSchema.counters };
  const request = { TableName: tableName, Key: keyAttributes(write.key) };
  if (creates) {
    return {
      ...request,
      UpdateExpression: 'SET #version = :one, #data = :data, #counters = :counters',
      ConditionExpression: 'attribute_not_exists(#pk)',
      ExpressionAttributeNames: { ...names, '#data': tableSchema.data },
      ExpressionAttributeValues: {
        ':one': numberValue(1),
        ':data': marshalValue({}),
        ':counters': marshalValue({ [write.counter]: write.by }),
      },
    };
  }
  // The result's bounds as bounds of what is stored; a counter that is not there is 0.
  const { min, max } = counterBounds(write);
  const startsAtZero = write.by >= min && write.by <= max;
  const condition = write.condition && conditionOf(write.condition);
  return {
    ...request,
    UpdateExpression:
      'SET #version = #version + :one, #counters.#counter = if_not_exists(#counters.#counter, :zero) + :by',
    ConditionExpression: [
      'attribute_exists(#pk)',
      `(#counters.#counter BETWEEN :low AND :high${startsAtZero ? ' OR attribute_not_exists(#counters.#counter)' : ''})`,
      ...(condition === undefined ? [] : [condition.ConditionExpression]),
    ].join(' AND '),
    ExpressionAttributeNames: { ...names, '#counter': write.counter, ...condition?.ExpressionAttributeNames },
    ExpressionAttributeValues: {
      ':zero': numberValue(0),
      ':one': numberValue(1),
      ':by': numberValue(write.by),
      ':low': numberValue(BigInt(min) - BigInt(write.by)),
      ':high': numberValue(BigInt(max) - BigInt(write.by)),
      ...condition?.ExpressionAttributeValues,
    },
  };
}

function conditionOf(condition: TableCondition): {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
} {
  if (condition.kind === 'version') {
    return {
      ConditionExpression: '#version = :version',
      ExpressionAttributeNames: { '#version': tableSchema.version },
      ExpressionAttributeValues: { ':version': numberValue(condition.version) },
    };
  }
  return {
    ConditionExpression: `${condition.kind === 'exists' ? 'attribute_exists' : 'attribute_not_exists'}(#pk)`,
    ExpressionAttributeNames: { '#pk': tableSchema.partitionKey },
  };
}
