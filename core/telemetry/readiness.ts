import { EngineError, type FieldError } from '../errors.ts';
import type { Ports } from '../ports/ports.ts';

/** What a request needs of others: without one of these the service is not ready. */
export const dependencies = ['table', 'store', 'signing-key'] as const;
export type Dependency = (typeof dependencies)[number];

export interface DependencyState {
  readonly name: Dependency;
  /** How long its answer took. */
  readonly milliseconds: number;
}

type ReadinessPorts = Pick<Ports, 'table' | 'blobs' | 'signer' | 'clock'>;

/** Begin of the paths of the work store that a look at the store asks for; nothing is ever written there. */
export const probePrefix = 'probe/';

/** Milliseconds after which one that has not answered counts as away: callers, load balancers too, wait for few seconds. */
const patience = 2_000;

const asks: Readonly<Record<Dependency, (ports: ReadinessPorts) => Promise<unknown>>> = {
  table: ({ table }) => table.get({ partition: 'INSTALLATION', sort: 'HEALTH' }),
  store: ({ blobs }) => blobs.head({ bucket: 'work', path: `${probePrefix}ready` }),
  'signing-key': ({ signer }) => signer.key(),
};

/**
 * Asks all dependencies at once whether they answer.
 * @throws EngineError service.unavailable, which names each that does not
 */
export async function readReadiness(ports: ReadinessPorts): Promise<readonly DependencyState[]> {
  const asked = await Promise.all(dependencies.map((name) => ask(ports, name)));
  const errors = asked.flatMap((answer) => ('error' in answer ? [answer.error] : []));
  if (errors.length > 0) {
    const names = errors.map(({ path }) => path).join(', ');
    throw new EngineError('service.unavailable', `These do not answer: ${names}.`, { fields: errors });
  }
  return asked.flatMap((answer) => ('error' in answer ? [] : [answer]));
}

async function ask(ports: ReadinessPorts, name: Dependency): Promise<DependencyState | { readonly error: FieldError }> {
  const { clock } = ports;
  const began = clock.now().getTime();
  const answered = new AbortController();
  const late = clock.sleep(patience, answered.signal).then(() => 'late' as const);
  try {
    const first = await Promise.race([asks[name](ports).then(() => 'answered' as const), late]);
    if (first === 'answered') return { name, milliseconds: clock.now().getTime() - began };
    return { error: away(name, `it has not answered for ${patience} ms`) };
  } catch {
    // Why is in the log of who asks it in earnest: a vendor's own words are for nobody outside.
    return { error: away(name, 'it answers with a failure') };
  } finally {
    answered.abort();
  }
}

const away = (path: Dependency, reason: string): FieldError => ({
  ...{ path, code: 'dependency.away', reason },
  remedy: 'see docs/operations/not-ready.md',
});
