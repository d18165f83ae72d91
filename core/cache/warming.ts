import { z } from 'zod';
import type { Actor } from '../audit/entry.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild } from '../builds/build-repository.ts';
import { warmedKey } from '../builds/keys.ts';
import { submitBuild } from '../builds/submit-build.ts';
import { digestOf } from '../digest.ts';
import type { ArchiveState } from '../plan/archive-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Table } from '../ports/table.ts';
import type { ResolvedSpec } from '../spec/schema.ts';

/** Who starts a warming that a schedule asks for: no key of a member's. */
export const systemKeyId = 'system';

/** Warmings of one state that are tried before the next state is waited for. */
const mostTries = 3;

const warmedSchema = z.strictObject({
  digest: z.string(),
  buildId: z.string(),
  tries: z.number().int().min(1),
  at: z.iso.datetime(),
});

interface WarmPorts {
  readonly table: Table;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Stores a build of what a spec shares with all other builds; it starts where no other build waits. */
export async function startWarming(
  ports: WarmPorts,
  who: { readonly tenantId: string; readonly keyId: string } | Actor,
  spec: ResolvedSpec,
  idempotencyKey: string | undefined,
): Promise<BuildRecord> {
  const { build } = await submitBuild(ports, {
    ...{ tenantId: who.tenantId, keyId: who.keyId, spec },
    run: { purpose: 'warm' },
    ...('requestId' in who ? { actor: who } : {}),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  return build;
}

/**
 * Warms a preset unless that was done for this very state of archive and builders. A warming that failed is tried
 * again. Where a run ends between the build and the note of it, the next one finds the same build by its key.
 * @returns the build that was started; undefined where there is nothing to do
 */
export async function warmPreset(
  ports: WarmPorts,
  tenantId: string,
  preset: { readonly name: string; readonly spec: ResolvedSpec },
  state: { readonly archive: ArchiveState; readonly toolchain: string },
): Promise<BuildRecord | undefined> {
  const digest = digestOf({ spec: preset.spec, ...state });
  const record = await ports.table.get(warmedKey(preset.name));
  const before = record === undefined ? undefined : warmedSchema.parse(record.data);
  let tries = 1;
  if (before?.digest === digest) {
    const last = await findBuild(ports.table, before.buildId);
    if (last?.value.state !== 'failed' || before.tries >= mostTries) return undefined;
    tries = before.tries + 1;
  }
  const who = { tenantId, keyId: systemKeyId };
  const build = await startWarming(ports, who, preset.spec, `warm/${preset.name}/${digest}/${tries}`);
  const at = ports.clock.now().toISOString();
  await ports.table.transact([
    { kind: 'put', key: warmedKey(preset.name), data: { digest, buildId: build.id, tries, at } },
  ]);
  return build;
}
