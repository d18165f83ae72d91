import type { JsonValue } from '../../core/digest.ts';
import { childController } from './deadline.ts';
import { StateFailed } from './failure.ts';
import { contextOf, evaluateField, evaluateInteger, type Run, store } from './run.ts';
import type { MapState } from './states.ts';
import type { Thread, ThreadBody, ThreadRow } from './thread.ts';

/**
 * A Map state: an iteration for each item, at most MaxConcurrency at once; every iteration and its end are stored, so
 * that after a crash only what had not ended goes on. The first iteration to fail stops the others.
 * @param runIteration runs a thread to its end and answers its output.
 * @returns the outputs in the order of the items.
 * @throws StateFailed of the iteration that failed first.
 */
export async function performMap(
  run: Run,
  thread: Thread,
  state: MapState,
  runIteration: (thread: Thread) => Promise<JsonValue>,
): Promise<JsonValue> {
  const { clock, journal } = run.parts;
  const limit = await evaluateInteger(run, thread, 'MaxConcurrency', state.MaxConcurrency, 0);
  const rows = thread.body.attempt?.kind === 'map' ? journal.children(thread.id) : await begin(run, thread, state);
  thread.signal.throwIfAborted();
  const outputs = rows.map((row) => row.body.output ?? null);
  const group = childController(thread.signal);

  const iterate = async (row: ThreadRow, position: number): Promise<void> => {
    const iteration: Thread = {
      id: row.id,
      scope: state.ItemProcessor,
      outer: { ...thread.outer, ...thread.body.variables },
      signal: group.signal,
      stored: true,
      body:
        row.body.phase === 'pending' ? { ...row.body, phase: 'running', enteredAt: clock.now().getTime() } : row.body,
    };
    const output = await runIteration(iteration);
    group.signal.throwIfAborted();
    store(run, iteration, { ...iteration.body, phase: 'ended', attempt: undefined, output });
    outputs[position] = output;
  };

  // What ran before a crash goes first: it holds what others may wait for.
  const waiting = rows
    .map((row, position) => ({ row, position }))
    .filter(({ row }) => row.body.phase !== 'ended')
    .sort((a, b) => Number(a.row.body.phase === 'pending') - Number(b.row.body.phase === 'pending'));
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await iterate(next.row, next.position);
    }
  };
  const workers = Array.from({ length: Math.min(limit === 0 ? waiting.length : limit, waiting.length) }, work);
  try {
    await Promise.all(workers);
  } catch (thrown) {
    waiting.length = 0;
    group.abort(new Error('another iteration failed'));
    await Promise.allSettled(workers);
    throw thrown;
  }
  return outputs;
}

async function begin(run: Run, thread: Thread, state: MapState): Promise<readonly ThreadRow[]> {
  const items = await evaluateField(run, thread, 'Items', state.Items, contextOf(run, thread));
  if (!Array.isArray(items)) {
    throw new StateFailed('States.QueryEvaluationError', `${thread.body.state}.Items: must be an array`);
  }
  const bodies: ThreadBody[] = [];
  for (const [index, value] of items.entries()) {
    const item = { index, value };
    const selector = state.ItemSelector;
    const input =
      selector === undefined
        ? value
        : await evaluateField(run, thread, 'ItemSelector', selector, contextOf(run, thread, { item }));
    bodies.push({
      phase: 'pending',
      state: state.ItemProcessor.StartAt,
      input,
      variables: {},
      enteredAt: 0,
      retries: [],
      item,
    });
  }
  thread.signal.throwIfAborted();
  const ids = store(run, thread, { ...thread.body, attempt: { kind: 'map' } }, bodies);
  return bodies.map((body, position) => ({ id: ids[position] ?? 0, parent: thread.id, body }));
}
