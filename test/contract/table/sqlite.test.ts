import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteTable, type SqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import { describeTableContract } from './table-contract.ts';
import { drain, outcome, put } from './table-under-test.ts';

const day = 24 * 60 * 60 * 1000;
let folder: string;
let file: string;
let now: number;
const clock: Clock = { now: () => new Date(now), sleep: () => Promise.reject(new Error('no test sleeps')) };
const opened: SqliteTable[] = [];
const children: ChildProcess[] = [];

function open(): SqliteTable {
  const table = openSqliteTable({ file, clock });
  opened.push(table);
  return table;
}

function close(table: SqliteTable): void {
  opened.splice(opened.indexOf(table), 1);
  table.close();
}

function startWriter(name: string, count: number): ChildProcess {
  const program = fileURLToPath(new URL('sqlite-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [program, file, name, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-table-'));
});
beforeEach(({ task }) => {
  file = join(folder, `${task.id}.db`);
  now = Date.parse('2026-11-01T00:00:00Z');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const table of opened.splice(0)) table.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the table in SQLite', () => {
  let shared: SqliteTable;
  beforeAll(() => {
    shared = openSqliteTable({ file: join(folder, 'contract.db'), clock: { ...clock, now: () => new Date() } });
  });
  afterAll(() => shared.close());
  describeTableContract(() => ({ table: shared, feed: shared }), { modelRuns: 200 });
});

describe('the file of the table', () => {
  it('holds every acknowledged transaction after kill -9 of the writer, and each one whole', async () => {
    const child = startWriter('w', 1_000_000);
    let acknowledged = 0;
    if (child.stdout === null) throw new Error('the writer has no output');
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === 200) child.kill('SIGKILL');
    }
    expect(acknowledged).toBeGreaterThanOrEqual(200);

    const table = open();
    const counter = (await table.get({ partition: 'shared', sort: 'counter' }))?.counters.n ?? 0;
    // At most one was committed whose acknowledgement was not printed whole.
    expect([acknowledged, acknowledged + 1]).toContain(counter);
    for (let number = 1; number <= counter; number += 1) {
      expect((await table.get({ partition: 'w', sort: String(number) }))?.data).toStrictEqual({ number });
    }
    expect(await table.get({ partition: 'w', sort: String(counter + 1) })).toBeUndefined();
    const { changes } = await drain(table, undefined, 1000);
    expect(changes.length).toBe(2 * counter);
  });

  it('counts each increment of three processes that write at once', async () => {
    open();
    const exits = ['a', 'b', 'c'].map((name) =>
      once(
        startWriter(name, 100).on('spawn', () => undefined),
        'exit',
      ),
    );
    for (const child of children) child.stdout?.resume();
    expect(await Promise.all(exits)).toStrictEqual([
      [0, null],
      [0, null],
      [0, null],
    ]);
    expect(await open().get({ partition: 'shared', sort: 'counter' })).toMatchObject({
      version: 300,
      counters: { n: 300 },
    });
  });

  it('is durable at each commit, and readable by its owner only', async () => {
    await open().transact([put('p', 'a')]);
    const database = new DatabaseSync(file);
    expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
    database.close();
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(`${file}${suffix}`).mode & 0o777).toBe(0o600);
  });

  it('keeps records and positions when it is closed and opened again', async () => {
    const first = open();
    await first.transact([put('p', 'a'), put('p', 'b')]);
    const { position } = await first.read(undefined, 1);
    close(first);
    const second = open();
    expect(await second.get({ partition: 'p', sort: 'a' })).toMatchObject({ version: 1 });
    expect((await second.read(position, 10)).changes.map(({ key }) => key.sort)).toStrictEqual(['b']);
  });

  it.each([
    ['is of a newer engine', (path: string) => alter(path, 'PRAGMA user_version = 99'), /newer engine/],
    ['is of another program', (path: string) => alter(path, 'CREATE TABLE other (a)'), /another program/],
    ['is no database', (path: string) => writeFileSync(path, 'not a database'.repeat(1000)), /not a database/],
    [
      'is in no folder',
      (path: string) => {
        file = join(path, 'none', 'x.db');
      },
      /no such file/,
    ],
  ])('is refused where it %s', (_, prepare, message) => {
    prepare(file);
    expect(open).toThrow(
      expect.objectContaining({ code: 'configuration.invalid', detail: expect.stringMatching(message) }),
    );
  });

  it('answers service.unavailable where it cannot be written, writes nothing, and works again afterwards', async () => {
    const table = open();
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const refused = { status: 'rejected', reason: { code: 'service.unavailable' } };
    const both = await Promise.allSettled([table.transact([put('p', 'a')]), table.transact([put('p', 'b')])]);
    expect(both).toMatchObject([refused, refused]);
    expect((await table.query({ partition: 'p', limit: 9 })).records).toStrictEqual([]);
    other.exec('ROLLBACK');
    other.close();
    await table.transact([put('p', 'a')]);
    expect(await table.get({ partition: 'p', sort: 'a' })).toBeDefined();
  });
});

describe('transactions that share a commit', () => {
  it('are carried out in the order they were asked for, and each fails alone', async () => {
    const table = open();
    const absent = { condition: { kind: 'absent' } } as const;
    const outcomes = await Promise.all([
      outcome(table, [put('p', 'a', absent)]),
      outcome(table, [put('p', 'b'), put('p', 'a', absent)]),
      outcome(table, [{ kind: 'increment', key: { partition: 'p', sort: 'a' }, counter: 'n', by: 1 }]),
      table.transact([put('p', 'c'), { kind: 'delete', key: { partition: '', sort: '' } }]).catch(() => 'refused'),
      outcome(table, [put('p', 'd', absent)]),
    ]);
    expect(outcomes).toStrictEqual(['committed', [1], 'committed', 'refused', 'committed']);
    expect((await table.query({ partition: 'p', limit: 9 })).records).toMatchObject([
      { key: { sort: 'a' }, version: 2, counters: { n: 1 } },
      { key: { sort: 'd' }, version: 1 },
    ]);
    expect((await drain(table)).changes.map(({ key }) => key.sort)).toStrictEqual(['a', 'a', 'd']);
  });

  it('are committed when the table is closed before their turn', async () => {
    const table = open();
    const written = Promise.all(Array.from({ length: 200 }, (_, n) => table.transact([put('p', `s${n}`)])));
    close(table);
    await written;
    expect((await open().query({ partition: 'p', limit: 1000 })).records).toHaveLength(200);
  });
});

describe('the feed of the file', () => {
  it('calls listeners after commits that changed something, and not after they left', async () => {
    const table = open();
    let calls = 0;
    const leave = table.onCommit(() => {
      calls += 1;
    });
    await table.transact([put('p', 'a'), put('p', 'b')]);
    expect(calls).toBe(1);
    await table.transact([{ kind: 'check', key: { partition: 'p', sort: 'a' }, condition: { kind: 'exists' } }]);
    await table.transact([put('p', 'a', { condition: { kind: 'absent' } })]).catch(() => undefined);
    expect(calls).toBe(1);
    leave();
    await table.transact([put('p', 'a')]);
    expect(calls).toBe(1);
  });

  it('forgets what is trimmed, and never gives a position again', async () => {
    const table = open();
    await table.transact([put('p', 'a'), put('p', 'b')]);
    const { position } = await table.read(undefined, 10);
    table.trim(position);
    expect(await table.read(undefined, 10)).toStrictEqual({ changes: [], position: '0' });
    await table.transact([put('p', 'c')]);
    for (const from of [undefined, position]) {
      expect((await table.read(from, 10)).changes.map(({ key }) => key.sort)).toStrictEqual(['c']);
    }
  });

  it('keeps changes for a day, and drops older ones at the next opening', async () => {
    const first = open();
    await first.transact([put('p', 'old')]);
    now += day / 2;
    await first.transact([put('p', 'new')]);
    now += day / 2 + 1;
    close(first);
    const { changes } = await open().read(undefined, 10);
    expect(changes.map(({ key }) => key.sort)).toStrictEqual(['new']);
  });

  it('removes expired records after 1,000 commits, with a change of each', async () => {
    const table = open();
    const seconds = now / 1000;
    await table.transact([
      put('p', 'soon', { expiresAt: seconds + 1 }),
      put('p', 'later', { expiresAt: seconds + 9 }),
      put('p', 'never'),
    ]);
    now += 5000;
    expect(await table.get({ partition: 'p', sort: 'soon' })).toBeDefined();
    const { position } = await drain(table);
    await Promise.all(Array.from({ length: 1000 }, () => table.transact([put('q', 'a')])));
    expect((await table.query({ partition: 'p', limit: 9 })).records.map(({ key }) => key.sort)).toStrictEqual([
      'later',
      'never',
    ]);
    const removed = (await drain(table, position)).changes.filter(({ key }) => key.partition === 'p');
    expect(removed).toMatchObject([{ key: { sort: 'soon' }, before: { expiresAt: seconds + 1 } }]);
  });
});

function alter(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
