import { checkLinks } from '../../../core/audit/chain.ts';
import { listPending, listSealed, readHead } from '../../../core/audit/log-repository.ts';
import type { Storm } from './state.ts';

/** Rounds of the sealer that are waited for where it was killed at what came last. */
const mostRounds = 5;

/** What breaks the chains of the tenants' logs, and what was asked and is not in them once. */
export async function auditIsWhole(storm: Storm): Promise<string[]> {
  const { engine, tenants } = storm;
  const pending = async (): Promise<number> =>
    (await Promise.all(tenants.map((tenantId) => listPending(engine.table, tenantId)))).flat().length;
  for (let round = 0; round < mostRounds && (await pending()) > 0; round += 1) await engine.pass(61_000);
  const unsealed = await pending();
  const wrong = await Promise.all(tenants.map((tenantId) => wrongOf(storm, tenantId)));
  return [...(unsealed === 0 ? [] : [`${unsealed} entries are not sealed`]), ...wrong.flat()];
}

async function wrongOf({ engine, builds, accepted }: Storm, tenantId: string): Promise<string[]> {
  const wrong: string[] = [];
  const head = await readHead(engine.table, tenantId);
  const page = await listSealed(engine.table, tenantId, { limit: 1_000 });
  const links = [...page.links].sort((a, b) => a.sequence - b.sequence);
  const chained = checkLinks(links);
  if ('flaw' in chained) wrong.push(`${tenantId}: ${JSON.stringify(chained.flaw)}`);
  if (head.sequence !== links.length) wrong.push(`${links.length} entries, and the head is at ${head.sequence}`);
  const ids = links.map(({ entry }) => entry.entryId);
  if (new Set(ids).size !== ids.length) wrong.push('an entry is sealed twice');
  const times = (action: string, target: string): number =>
    links.filter(({ entry }) => entry.action === action && entry.target === target).length;
  for (const { id, tenantId: of } of builds) {
    if (of !== tenantId) continue;
    const [submitted, cancelled] = [times('build.submitted', id), times('build.cancel_requested', id)];
    if (submitted !== 1) wrong.push(`${id}: ${submitted} submissions`);
    // Whoever asks again is answered as the first was, and changes nothing.
    const expected = accepted.has(id) ? 1 : 0;
    if (cancelled !== expected) wrong.push(`${id}: ${cancelled} requests to cancel of ${expected} that were accepted`);
  }
  return wrong;
}
