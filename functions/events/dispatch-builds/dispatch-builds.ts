import { buildsInState, findBuild } from '../../../core/builds/build-repository.ts';
import { startExecution } from '../../../core/builds/executions.ts';
import { buildKey } from '../../../core/builds/keys.ts';
import { endBuild } from '../../../core/builds/settle.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { readTrigger } from '../../../core/events/envelope.ts';
import { readMaintenance } from '../../../core/maintenance/maintenance.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { ConditionFailed } from '../../../core/ports/table.ts';
import { readDispatchState } from '../../../core/queue/dispatch-state.ts';
import { type Start, startsDue } from '../../../core/queue/fair-queue.ts';
import { tokensNow } from '../../../core/queue/launch-rate.ts';
import { becomePacer, stopPacing, untilNextToken } from '../../../core/queue/pacer.ts';
import { missingEntryWrite, queuedEntries, staleEntryWrite } from '../../../core/queue/queue-entry.ts';
import { allRunningKey, runningCounter, type SlotCaps, slotCaps } from '../../../core/queue/slots.ts';
import { startQueued } from '../../../core/queue/start-build.ts';
import { createOwnCaps, type OwnCaps } from '../../../core/quota/own-caps.ts';
import { stopUnwanted } from '../../../core/sharing/cancel.ts';

type DispatchPorts = Pick<Ports, 'table' | 'flow' | 'clock' | 'ids' | 'installation'>;

/** Milliseconds for which one call waits for tokens; the function has a minute in all. */
const pacedMilliseconds = 40_000;

/**
 * Starts queued builds by weighted fair share, under the caps and the launch rate. Which ones is decided by what the
 * table itself says (core/queue/fair-queue.ts), one start after the other: each is a transaction that fails where
 * another dispatcher was faster, and then all is read again. An execution's name is the build's id: a duplicate starts
 * nothing. While the installation is being maintained nothing starts, also of what a call had begun with. A crash between
 * the state and the start is mended by settle-build's sweep.
 */
export async function handle(ports: DispatchPorts, input: unknown): Promise<JsonValue> {
  if (isTick(input)) await mendQueue(ports);
  const started: string[] = [];
  const until = ports.clock.now().getTime() + pacedMilliseconds;
  let pacing = false;
  const blocked = new Set<string>();
  const own = createOwnCaps(ports);
  for (;;) {
    const round = await startSome(ports, { blocked, own }, started);
    if (round === 'again') continue;
    if (round === 'done') break;
    const wait = await untilNextToken(ports, ports.installation.launchRate);
    if (ports.clock.now().getTime() + wait > until) break;
    // Builds wait for tokens alone: one dispatcher waits for all.
    pacing ||= await becomePacer(ports, until);
    if (!pacing) break;
    blocked.clear();
    await ports.clock.sleep(wait);
  }
  if (pacing) await stopPacing(ports);
  return { started };
}

/** Starts what is due. `paced`: there is more, but no token for it; `again`: what it was decided on has changed. */
async function startSome(
  ports: DispatchPorts,
  { blocked, own }: { readonly blocked: Set<string>; readonly own: OwnCaps },
  started: string[],
): Promise<'done' | 'paced' | 'again'> {
  if ((await readMaintenance(ports.table)) !== undefined) return 'done';
  const caps: SlotCaps = { ...slotCaps(ports.installation), own: own.known };
  if (await isFull(ports, caps)) return 'done';
  const rate = ports.installation.launchRate;
  const state = await readDispatchState(ports.table);
  const { queued, running, shares } = state;
  const decide = () => startsDue({ queued, running, shares: shares.shares, caps, blocked });
  let due = decide();
  // Whose turn it is, is decided anew until all caps of those that it would be are known.
  while (await own.learn(due.map(({ entry }) => entry))) due = decide();
  let { stored } = state;
  for (const start of due) {
    if (tokensNow(stored.book.bucket, rate, ports.clock.now().getTime()) < 1) return 'paced';
    const outcome = await startQueued(ports, start, { stored, shares }, { caps, rate });
    if (outcome.kind === 'outdated') return 'again';
    if (outcome.kind === 'gone') {
      await removeGone(ports, start);
      return 'again';
    }
    if (outcome.kind === 'full') {
      for (const owner of outcome.owners) blocked.add(owner);
      return 'again';
    }
    stored = outcome.book;
    shares.started(start);
    started.push(start.entry.id);
    await startExecution(ports, start.entry.id);
  }
  return 'done';
}

/** Most calls find that nothing may start: they need not read the queue. */
async function isFull({ table }: DispatchPorts, caps: SlotCaps): Promise<boolean> {
  const record = await table.get(allRunningKey);
  return (record?.counters[runningCounter] ?? 0) >= caps.installation;
}

/** Ends a build that was cancelled in the queue; takes an entry away whose build is not queued. */
async function removeGone(ports: DispatchPorts, { entry }: Start): Promise<void> {
  const found = await findBuild(ports.table, entry.id);
  if (found?.value.state === 'queued') {
    if (found.value.cancelRequestedAt !== undefined) await endBuild(ports, entry.id, 'cancelled');
  } else await ports.table.transact([staleEntryWrite(entry)]);
}

function isTick(input: unknown): boolean {
  try {
    return readTrigger(input).kind === 'schedule';
  } catch {
    return false;
  }
}

/** What a sweep mends: builds that were queued without an entry, or cancelled and not ended, or that nobody wants. */
async function mendQueue(ports: DispatchPorts): Promise<void> {
  const queued = await buildsInState(ports.table, 'queued', 1_000);
  const known = new Set((await queuedEntries(ports.table)).map(({ id }) => id));
  for (const { value: build, version } of queued) {
    if (build.cancelRequestedAt !== undefined) {
      await endBuild(ports, build.id, 'cancelled');
      continue;
    }
    if (await stopUnwanted(ports, build)) continue;
    if (known.has(build.id)) continue;
    try {
      const same = { kind: 'check', key: buildKey(build.id), condition: { kind: 'version', version } } as const;
      await ports.table.transact([same, missingEntryWrite(build)]);
    } catch (error) {
      // It has moved on: then it has its entry, or needs none.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
