import { type Actor, auditWrite } from '../audit/entry.ts';
import { findBuild } from '../builds/build-repository.ts';
import { outboxKey } from '../builds/keys.ts';
import { sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { EngineEvent } from '../events/event.ts';
import { toJsonObject } from '../json.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import { ConditionFailed, type Table, type TableKey, type TableRecord, type TableWrite } from '../ports/table.ts';
import { type DeadLetter, deadLetterSchema, keptDays } from './dead-letter.ts';
import { type FailedCall, type Message, readMessage } from './message.ts';

interface LetterPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

const letterKey = (id: string): TableKey => ({ partition: `DEADLETTER#${id}`, sort: 'DEADLETTER' });
const lettersIndex = (state: DeadLetter['state'], lastAt: string, id: string): TableKey => ({
  partition: `DEADLETTERS#${state}`,
  sort: `${lastAt}#${id}`,
});

function letterWrite(letter: DeadLetter, before: TableRecord | undefined): TableWrite {
  return {
    ...{ kind: 'put', key: letterKey(letter.id), data: toJsonObject(letter) },
    indexes: { byState: lettersIndex(letter.state, letter.lastAt, letter.id) },
    expiresAt: Math.floor(Date.parse(letter.lastAt) / 1_000) + keptDays * 86_400,
    condition: before === undefined ? { kind: 'absent' } : { kind: 'version', version: before.version },
  };
}

/**
 * Writes a failed call down, once however often its message comes. A schedule's run is not: its next one is its retry.
 * @returns the id of the dead letter; undefined where there is none
 */
export async function keepLetter(ports: LetterPorts, message: Message): Promise<string | undefined> {
  const call = readMessage(message);
  if (call.trigger?.kind === 'schedule') return undefined;
  const event = await eventOf(ports, call);
  const id = `dlq_${sha256(`${call.source}\n${nameOf(call) ?? message.messageId}`)
    .slice(0, 26)
    .toUpperCase()}`;
  for (;;) {
    const stored = await ports.table.get(letterKey(id));
    const before = stored === undefined ? undefined : deadLetterSchema.parse(stored.data);
    if (before?.messages.includes(message.messageId) === true) return id;
    const now = ports.clock.now().toISOString();
    const { redrivenAt: _, ...kept } = before ?? { firstAt: now, redrives: 0, attempts: 0, messages: [] };
    const letter: DeadLetter = {
      ...{ ...kept, id, source: call.source, state: 'open', error: call.error.slice(0, 2_000), lastAt: now },
      ...(event === undefined ? { text: message.body.slice(0, 10_000) } : { event }),
      attempts: kept.attempts + call.attempts,
      messages: [...kept.messages, message.messageId].slice(-10),
    };
    try {
      await ports.table.transact([letterWrite(letter, stored)]);
      return id;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/** What is the same where a call fails again: its event; of an execution's end, whoever told it, the execution. */
function nameOf({ trigger }: FailedCall): string | undefined {
  if (trigger?.kind === 'execution') return trigger.change.name;
  if (trigger?.kind !== 'event') return undefined;
  const { id, type, detail } = trigger.event;
  return type === executionEnded ? String(detail.buildId) : id;
}

const executionEnded = 'work.execution_ended';

/**
 * The event that does what the failed call was to do: the one that it was called with, or, where an execution's end came
 * from Step Functions, which nobody can send in its place, the engine's own event of that.
 */
async function eventOf({ table, clock, ids }: LetterPorts, { trigger }: FailedCall): Promise<EngineEvent | undefined> {
  if (trigger?.kind === 'event') return trigger.event;
  if (trigger?.kind !== 'execution') return undefined;
  const buildId = trigger.change.name;
  const build = await findBuild(table, buildId);
  if (build === undefined) return undefined;
  return {
    ...{ id: ids.next('evt'), type: executionEnded, version: 1, tenantId: build.value.tenantId },
    ...{ at: clock.now().toISOString(), detail: { buildId } },
  };
}

/** A page of dead letters, those that failed last first. */
export async function listLetters(
  { table, clock }: Pick<LetterPorts, 'table' | 'clock'>,
  state: DeadLetter['state'],
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly letters: readonly DeadLetter[]; readonly cursor?: string }> {
  const { partition } = lettersIndex(state, '', '');
  const { records, cursor } = await table.query({ index: 'byState', partition, descending: true, ...page });
  // The table deletes late, and an index shows late what has changed.
  const now = clock.now().getTime() / 1_000;
  const letters = records
    .filter(({ expiresAt = now + 1 }) => expiresAt > now)
    .map(({ data }) => deadLetterSchema.parse(data));
  return { letters, ...(cursor === undefined ? {} : { cursor }) };
}

async function getLetter(table: Table, id: string): Promise<{ record: TableRecord; letter: DeadLetter }> {
  const record = await table.get(letterKey(id));
  if (record === undefined) throw new EngineError('dead_letter.not_found', 'There is no dead letter of this id.');
  return { record, letter: deadLetterSchema.parse(record.data) };
}

/**
 * Tells a dead letter's event again, by the outbox, in the transaction that says so: every function that hears of such
 * events is called, and all of them may be called twice. Where it fails once more the dead letter is open again.
 * @throws EngineError dead_letter.not_found, dead_letter.no_event
 */
export async function redriveLetter(ports: LetterPorts, actor: Actor, id: string): Promise<DeadLetter> {
  for (;;) {
    const { record, letter } = await getLetter(ports.table, id);
    const { event } = letter;
    if (event === undefined) throw new EngineError('dead_letter.no_event', 'It holds no event of the engine.');
    const redrivenAt = ports.clock.now().toISOString();
    const next: DeadLetter = { ...letter, state: 'redriven', redrives: letter.redrives + 1, redrivenAt };
    const { source, redrives } = next;
    const detail = { source, type: event.type, event: event.id, redrives };
    try {
      await ports.table.transact([
        letterWrite(next, record),
        // Absent or not: what waits there still is the same event.
        { kind: 'put', key: outboxKey(event.id), data: toJsonObject(event) },
        auditWrite(ports, actor, { action: 'dead_letter.redriven', target: id, detail }),
      ]);
      return next;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/** Forgets a dead letter. @throws EngineError dead_letter.not_found */
export async function discardLetter(ports: LetterPorts, actor: Actor, id: string): Promise<void> {
  for (;;) {
    const { record, letter } = await getLetter(ports.table, id);
    const detail = { source: letter.source, ...(letter.event === undefined ? {} : { event: letter.event.id }) };
    try {
      await ports.table.transact([
        { kind: 'delete', key: record.key, condition: { kind: 'version', version: record.version } },
        auditWrite(ports, actor, { action: 'dead_letter.discarded', target: id, detail }),
      ]);
      return;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
