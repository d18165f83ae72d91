import { afterEach, describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { rememberArchive } from '../../../core/builds/archive-memory.ts';
import { EngineError } from '../../../core/errors.ts';
import type { ArchiveState } from '../../../core/plan/archive-state.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { specWith } from '../plan/plan-fixtures.ts';

const suite = { uri: 'http://archive.invalid/debian', suite: 'trixie', components: ['main'], date: 1 };
const state: ArchiveState = { suites: [{ ...suite, indexes: { 'main/binary-amd64/Packages': 'a'.repeat(64) } }] };
const hour = 3_600_000;

describe('the memory of the archive', () => {
  const tables: { close(): void }[] = [];
  afterEach(() => {
    for (const table of tables.splice(0)) table.close();
  });

  function archiveWithMemory(fallbackHours = 24) {
    const time = { now: Date.parse('2026-01-01T00:00:00Z') };
    const clock = { now: () => new Date(time.now), sleep: async () => {} };
    const table = openSqliteTable({ file: ':memory:', clock });
    tables.push(table);
    const logged: string[] = [];
    const source: { answer: ArchiveState | EngineError } = { answer: state };
    const archive = rememberArchive(
      {
        extra: async () => [],
        places: () => state.suites,
        state: async () => {
          if (source.answer instanceof EngineError) throw source.answer;
          return source.answer;
        },
      },
      { table, clock, fallbackHours, log: (message) => logged.push(message) },
    );
    return { time, source, logged, read: () => archive.state('trixie', 'amd64') };
  }
  const away = new EngineError('archive.unreachable', 'ECONNREFUSED');

  it('stands in for an archive that is away, and says of when it is', async () => {
    const { time, source, logged, read } = archiveWithMemory();
    expect(await read()).toEqual(state);
    source.answer = away;
    time.now += 24 * hour - 1;
    expect(await read()).toEqual({ ...state, lastReadAt: '2026-01-01T00:00:00.000Z' });
    expect(logged).toHaveLength(1);
    time.now += 1;
    await expect(read()).rejects.toBe(away);
  });

  it('is of the last time that the archive answered', async () => {
    const { time, source, read } = archiveWithMemory();
    await read();
    time.now += hour;
    await read();
    source.answer = away;
    time.now += 1;
    expect(await read()).toMatchObject({ lastReadAt: '2026-01-01T01:00:00.000Z' });
    const newer = { suites: [{ ...suite, date: 2, indexes: {} }] };
    source.answer = newer;
    await read();
    source.answer = away;
    expect(await read()).toMatchObject(newer);
  });

  it('never stands in where it may not, where it has nothing, or for an archive that answers something wrong', async () => {
    const never = archiveWithMemory(0);
    await never.read();
    never.source.answer = away;
    await expect(never.read()).rejects.toBe(away);

    const empty = archiveWithMemory();
    empty.source.answer = away;
    await expect(empty.read()).rejects.toBe(away);

    const wrong = archiveWithMemory();
    await wrong.read();
    wrong.source.answer = new EngineError('archive.untrusted', 'it expired');
    await expect(wrong.read()).rejects.toMatchObject({ code: 'archive.untrusted' });
  });

  it('changes no plan: that is of the state, whenever it was read', () => {
    const spec = specWith({});
    const plan = (archive: ArchiveState) => makePlan({ spec, archive, toolchain: 't' });
    expect(plan({ ...state, lastReadAt: 'x' } as ArchiveState)).toEqual(plan(state));
  });
});
