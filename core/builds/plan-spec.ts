import { lockOfSpec } from '../lock/lock-store.ts';
import { lockedArchiveState } from '../lock/locked-archive-state.ts';
import type { ArchiveState } from '../plan/archive-state.ts';
import { makePlan } from '../plan/make-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { specArchiveState } from '../plan/spec-archive-state.ts';
import type { Ports } from '../ports/ports.ts';
import { openSecret } from '../secrets/secret-repository.ts';
import { secretVersions as secretVersionsOf } from '../secrets/spec-secrets.ts';
import type { ResolvedSpec } from '../spec/schema.ts';

export type SpecPorts = Pick<Ports, 'table' | 'blobs' | 'archive' | 'vault' | 'installation'>;

/**
 * The plan of a tenant's spec for the present state of its archives, for that of a build before, or for that of the lock
 * that it names. With it, where the archive did not answer, when the state that it is made for was last read.
 * @throws EngineError plan.too_large, archive.not_configured, archive.unreachable, archive.unauthorized,
 *   archive.untrusted, lock.not_found, lock.does_not_fit, secret.not_found, secret.damaged
 */
export async function planSpec(
  ports: SpecPorts,
  tenantId: string,
  spec: ResolvedSpec,
  before?: ArchiveState,
): Promise<{ readonly plan: Plan; readonly archiveReadAt?: string }> {
  const { toolchain, fusing } = ports.installation;
  const [lock, secretVersions] = await Promise.all([
    lockOfSpec(ports, tenantId, spec),
    secretVersionsOf(ports.table, tenantId, spec),
  ]);
  if (lock !== undefined) {
    const archive = lockedArchiveState(ports.archive, spec, lock.lock);
    return { plan: makePlan({ spec, archive, toolchain, fusing, lock, secretVersions }) };
  }
  const archive = await specArchiveState(ports.archive, spec, {
    before,
    secretOf: (name) => openSecret(ports, tenantId, name),
  });
  const plan = makePlan({ spec, archive, toolchain, fusing, secretVersions });
  return archive.lastReadAt === undefined ? { plan } : { plan, archiveReadAt: archive.lastReadAt };
}

/**
 * Sees to it that there is the lock that a spec names, and that it fits, before a build of it is taken. Of a spec without
 * a lock nothing is asked.
 * @throws EngineError lock.not_found, lock.does_not_fit, archive.not_configured, plan.too_large, secret.not_found
 */
export async function needFittingLock(ports: SpecPorts, tenantId: string, spec: ResolvedSpec): Promise<void> {
  if (spec.lock !== undefined) await planSpec(ports, tenantId, spec);
}
