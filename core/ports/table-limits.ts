import type { JsonValue } from '../digest.ts';
import { EngineError, type FieldError } from '../errors.ts';
import type { TableCondition, TableKey, TableQuery, TableRecord, TableWrite } from './table.ts';

/**
 * What every adapter of the table refuses, with the same errors. The numbers are DynamoDB's (its developer guide,
 * "Quotas and limits", 2026), so that what works on one machine works on AWS.
 */
export const tableLimits = {
  /** A record with its key, indexes and counters. */
  recordBytes: 400 * 1024,
  /** All records that one transaction writes. */
  transactionBytes: 4 * 1024 * 1024,
  transactionWrites: 100,
  /** A page ends here even where its limit of records is not reached. */
  pageBytes: 1024 * 1024,
  pageRecords: 1000,
  /** Either part of a key: DynamoDB's limit for sort keys, taken for both parts. */
  keyBytes: 1024,
  /** Objects and arrays within each other, `data` included; DynamoDB's 32 less what a record adds around it. */
  nesting: 30,
  /** Non-zero numbers are of this magnitude: what DynamoDB's decimals hold of a double. */
  smallestNumber: 1e-130,
  largestNumber: 9.99e125,
} as const;

/**
 * Checks all that can be seen of a transaction before it runs: number of writes, keys, names, values, sizes.
 * @throws EngineError `table.refused`, all problems at once in `fields`, paths such as `writes[3].data.name`.
 */
export function checkWrites(writes: readonly TableWrite[]): void {
  const problems: FieldError[] = [];
  if (writes.length < 1 || writes.length > tableLimits.transactionWrites) {
    problems.push(
      problem(
        'writes',
        'write_count',
        `there are ${writes.length} writes`,
        `A transaction holds 1 to ${tableLimits.transactionWrites}.`,
      ),
    );
  }
  const seen = new Set<string>();
  let bytes = 0;
  for (const [position, write] of writes.entries()) {
    const path = `writes[${position}]`;
    checkKey(write.key, `${path}.key`, problems);
    const identity = JSON.stringify([write.key.partition, write.key.sort]);
    if (seen.has(identity)) {
      problems.push(
        problem(
          `${path}.key`,
          'duplicate_key',
          'an earlier write of the transaction has this key',
          'Merge the writes of one key.',
        ),
      );
    }
    seen.add(identity);
    if (write.condition !== undefined) checkCondition(write.condition, `${path}.condition`, problems);
    if (write.kind === 'put') bytes += checkPut(write, path, problems);
    if (write.kind === 'increment') checkIncrement(write, path, problems);
  }
  if (bytes > tableLimits.transactionBytes) {
    problems.push(
      problem(
        'writes',
        'too_large',
        `the records come to ${bytes} bytes`,
        `A transaction writes at most ${tableLimits.transactionBytes} bytes.`,
      ),
    );
  }
  if (problems.length > 0) throw tableRefused(problems);
}

/** @throws EngineError `table.refused` where the key is not one that the table can hold. */
export function checkReadKey(key: TableKey): void {
  const problems: FieldError[] = [];
  checkKey(key, 'key', problems);
  if (problems.length > 0) throw tableRefused(problems);
}

/** Checks a query but for its cursor. @throws EngineError `table.refused` */
export function checkQuery(query: TableQuery): void {
  const problems: FieldError[] = [];
  checkKeyPart(query.partition, 'partition', problems);
  if (query.sortPrefix !== undefined && query.sortPrefix !== '') {
    checkKeyPart(query.sortPrefix, 'sortPrefix', problems);
  }
  if (!Number.isSafeInteger(query.limit) || query.limit < 1 || query.limit > tableLimits.pageRecords) {
    problems.push(
      problem('limit', 'out_of_range', `it is ${query.limit}`, `Ask for 1 to ${tableLimits.pageRecords} records.`),
    );
  }
  if (problems.length > 0) throw tableRefused(problems);
}

/** The error for a record that grew beyond the limit by its counters, which no check of the write alone can see. */
export function recordTooLarge(path: string): EngineError {
  return tableRefused([sizeProblem(path)]);
}

/**
 * Size of a record as DynamoDB counts it, rounded up where DynamoDB's rule is not exact: UTF-8 of names and strings,
 * 21 bytes a number, 1 a null or boolean, 3 an object or array and 1 for each of its entries.
 */
export function recordBytes(record: Omit<TableRecord, 'version'>): number {
  const names = 80; // attribute names of core/wiring/table-schema.ts, version and expiresAt
  const keys = [record.key, ...Object.values(record.indexes)].reduce(
    (sum, key) => sum + Buffer.byteLength(key.partition) + Buffer.byteLength(key.sort),
    0,
  );
  return names + keys + valueBytes(record.data) + valueBytes(record.counters) + 2 * 21;
}

function valueBytes(value: JsonValue): number {
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return 21;
  if (isArray(value)) return value.reduce<number>((sum, entry) => sum + 1 + valueBytes(entry), 3);
  return Object.entries(value).reduce(
    (sum, [name, member]) => sum + 1 + Buffer.byteLength(name) + valueBytes(member),
    3,
  );
}

function checkPut(write: Extract<TableWrite, { kind: 'put' }>, path: string, problems: FieldError[]): number {
  const before = problems.length;
  for (const [index, key] of Object.entries(write.indexes ?? {})) checkKey(key, `${path}.indexes.${index}`, problems);
  for (const [name, value] of Object.entries(write.counters ?? {})) {
    checkName(name, `${path}.counters`, problems);
    checkInteger(value, `${path}.counters.${name}`, problems);
  }
  if (write.expiresAt !== undefined) checkInteger(write.expiresAt, `${path}.expiresAt`, problems);
  checkValue(write.data, `${path}.data`, 1, problems);
  if (problems.length > before) return 0; // what cannot be stored has no size
  const bytes = recordBytes({ ...write, counters: write.counters ?? {}, indexes: write.indexes ?? {} });
  if (bytes > tableLimits.recordBytes) problems.push(sizeProblem(path));
  return bytes;
}

function checkIncrement(write: Extract<TableWrite, { kind: 'increment' }>, path: string, problems: FieldError[]): void {
  checkName(write.counter, `${path}.counter`, problems);
  checkInteger(write.by, `${path}.by`, problems);
  if (write.min !== undefined) checkInteger(write.min, `${path}.min`, problems);
  if (write.max !== undefined) checkInteger(write.max, `${path}.max`, problems);
  if (write.min !== undefined && write.max !== undefined && write.min > write.max) {
    problems.push(problem(`${path}.min`, 'out_of_range', 'it is above max', 'Give a min that is at most max.'));
  }
  if (write.condition?.kind === 'absent') {
    problems.push(
      problem(
        `${path}.condition`,
        'not_applicable',
        'an increment needs the record, or creates it without a condition',
        'Use put with counters to create a record only where it is absent.',
      ),
    );
  }
}

function checkCondition(condition: TableCondition, path: string, problems: FieldError[]): void {
  if (condition.kind === 'version') checkInteger(condition.version, `${path}.version`, problems);
}

function checkKey(key: TableKey, path: string, problems: FieldError[]): void {
  checkKeyPart(key.partition, `${path}.partition`, problems);
  checkKeyPart(key.sort, `${path}.sort`, problems);
}

/** Whether a text can be a part of a key. */
export function isKeyPart(text: string): boolean {
  const problems: FieldError[] = [];
  checkKeyPart(text, '', problems);
  return problems.length === 0;
}

function checkKeyPart(text: string, path: string, problems: FieldError[]): void {
  const bytes = Buffer.byteLength(text);
  if (bytes < 1 || bytes > tableLimits.keyBytes) {
    problems.push(
      problem(path, 'key_length', `it has ${bytes} bytes`, `A part of a key has 1 to ${tableLimits.keyBytes} bytes.`),
    );
  } else if (/\p{Cc}/u.test(text) || !text.isWellFormed()) {
    problems.push(
      problem(
        path,
        'key_characters',
        'it holds a control character or half a surrogate pair',
        'Leave such characters out.',
      ),
    );
  }
}

function checkName(name: string, path: string, problems: FieldError[]): void {
  // `__proto__` is no plain name for much of what reads JSON; nobody needs it.
  const plain = name !== '' && name !== '__proto__' && name.isWellFormed();
  if (!plain || Buffer.byteLength(name) > tableLimits.keyBytes) {
    problems.push(
      problem(
        path,
        'name',
        'a name is empty, too long, `__proto__` or not Unicode text',
        `Use names of 1 to ${tableLimits.keyBytes} bytes of UTF-8.`,
      ),
    );
  }
}

function checkInteger(value: number, path: string, problems: FieldError[]): void {
  if (!Number.isSafeInteger(value)) {
    problems.push(problem(path, 'not_integer', `it is ${value}`, 'Use an integer that a double holds exactly.'));
  }
}

function checkValue(value: JsonValue | undefined, path: string, depth: number, problems: FieldError[]): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') {
    if (!value.isWellFormed()) {
      problems.push(problem(path, 'not_unicode', 'it holds half a surrogate pair', 'Use Unicode text.'));
    }
  } else if (typeof value === 'number') {
    const magnitude = Math.abs(value);
    if (value !== 0 && !(magnitude >= tableLimits.smallestNumber && magnitude <= tableLimits.largestNumber)) {
      problems.push(problem(path, 'number_range', `it is ${value}`, 'Use a number of magnitude 1e-130 to 9.99e125.'));
    }
  } else if (typeof value !== 'object') {
    problems.push(problem(path, 'not_json', `it is a ${typeof value}`, 'Use JSON values only.'));
  } else if (depth > tableLimits.nesting) {
    problems.push(
      problem(path, 'too_deep', 'too many values within each other', `Nest at most ${tableLimits.nesting} levels.`),
    );
  } else if (isArray(value)) {
    for (const [position, entry] of value.entries()) checkValue(entry, `${path}[${position}]`, depth + 1, problems);
  } else {
    for (const [name, member] of Object.entries(value)) {
      checkName(name, path, problems);
      checkValue(member, `${path}.${name}`, depth + 1, problems);
    }
  }
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function sizeProblem(path: string): FieldError {
  return problem(
    path,
    'too_large',
    `the record has more than ${tableLimits.recordBytes} bytes`,
    'Keep what is large in the object store and its place in the record.',
  );
}

function problem(path: string, code: string, reason: string, remedy: string): FieldError {
  return { path, code, reason, remedy };
}

function tableRefused(fields: readonly FieldError[]): EngineError {
  const [first] = fields;
  return new EngineError('table.refused', first === undefined ? 'refused' : `${first.path}: ${first.reason}`, {
    fields,
  });
}
