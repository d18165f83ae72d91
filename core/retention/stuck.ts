import { listApiKeys, revokeApiKey } from '../access/key-repository.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { findBuild } from '../builds/build-repository.ts';
import { isTerminal } from '../builds/lifecycle.ts';
import { orphanedBuilders, stopOrphan } from '../builds/orphaned-builders.ts';
import { endBuild } from '../builds/settle.ts';
import { unfinishedBuilds } from '../cache/needed-results.ts';
import { listTenants } from '../tenancy/tenant.ts';
import type { CleanupPorts, Finding, Look, LookContext, LookFailure } from './finding.ts';

const hour = 3_600_000;

/**
 * Milliseconds that a build may be in a state which others bring it out of within minutes: planning is tried again each
 * five minutes. A build may wait in the queue, or for approval, for as long as it takes.
 */
const planningLimit = 24 * hour;
/** A stage waits for a day at most and runs for another; no plan has so many stages after one another. */
const runningLimit = 7 * 24 * hour;

/** Tenants whose keys one look goes through. */
const tenantsAtOnce = 50;

/** Since when a build is in its state, where it is so for too long. */
function stuckSince({ state, submittedAt, startedAt, sharesWith }: BuildRecord, now: Date): string | undefined {
  // One that shares a work is where that is.
  if (sharesWith !== undefined) return undefined;
  const planning = state === 'submitted' || state === 'planning';
  const since = planning ? submittedAt : state === 'running' ? startedAt : undefined;
  if (since === undefined) return undefined;
  return Date.parse(since) + (planning ? planningLimit : runningLimit) <= now.getTime() ? since : undefined;
}

/** Builds that have not moved on within the time that their state takes at most. */
export async function lookForStuckBuilds(ports: CleanupPorts, { now, most }: LookContext): Promise<Look> {
  const findings = new Map<string, Finding>();
  for await (const build of unfinishedBuilds(ports.table)) {
    const since = stuckSince(build, now);
    if (since === undefined) continue;
    if (findings.size >= most) return { findings: [...findings.values()], more: true };
    findings.set(build.id, {
      ...{ what: build.id, tenantId: build.tenantId, why: [build.state] },
      remove: () => endStuck(ports, build.id, now),
    });
  }
  return { findings: [...findings.values()] };
}

/** Ends a stuck build: its execution, its builders, its record. */
async function endStuck(ports: CleanupPorts, buildId: string, now: Date): Promise<boolean> {
  const build = (await findBuild(ports.table, buildId))?.value;
  if (build === undefined || isTerminal(build.state)) return false;
  const since = stuckSince(build, now);
  if (since === undefined) return false;
  if (build.state === 'running') {
    const why = 'The build did not end within its time.';
    await ports.flow.stop(buildId, why);
    const own = (await ports.tasks.running()).filter((task) => task.buildId === buildId);
    await Promise.all(own.map(({ taskId }) => ports.tasks.stop(taskId, why)));
  }
  const reason = `It is ${build.state} since ${since}, which is longer than that may take.`;
  await endBuild(ports, buildId, build.cancelRequestedAt === undefined ? 'failed' : 'cancelled', {
    ...{ code: 'build.stuck', reason, logTail: [] },
  });
  return true;
}

/** Builders whose build or attempt is over. */
export async function lookForBuilders(ports: CleanupPorts, { most }: LookContext): Promise<Look> {
  const orphans = await orphanedBuilders(ports);
  return {
    findings: orphans.slice(0, most).map(({ taskId }) => ({
      ...{ what: taskId, why: ['orphan'] },
      async remove() {
        await stopOrphan(ports, taskId);
        return true;
      },
    })),
    more: orphans.length > most,
  };
}

/** API keys that have expired and were not revoked: they open nothing, and count among those of their members. */
export async function lookForKeys(ports: CleanupPorts, { now, position, most }: LookContext): Promise<Look> {
  const page = await listTenants(ports.table, {
    limit: tenantsAtOnce,
    ...(position === undefined ? {} : { cursor: position }),
  });
  const findings: Finding[] = [];
  const failures: LookFailure[] = [];
  for (const { tenantId } of page.tenants) {
    try {
      for await (const keyId of expiredKeys(ports, tenantId, now)) {
        findings.push({
          ...{ what: keyId, tenantId, why: ['expired'] },
          async remove() {
            await revokeApiKey(ports, { tenantId }, keyId);
            return true;
          },
        });
        if (findings.length >= most) {
          return { findings, failures, more: true, ...(position === undefined ? {} : { position }) };
        }
      }
    } catch (error) {
      failures.push({ what: tenantId, tenantId, error });
    }
  }
  return { findings, failures, ...(page.cursor === undefined ? {} : { position: page.cursor, more: true }) };
}

async function* expiredKeys({ table }: CleanupPorts, tenantId: string, now: Date): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const found = await listApiKeys(table, tenantId, { limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    for (const { keyId, expiresAt, revokedAt } of found.keys) {
      if (expiresAt !== undefined && revokedAt === undefined && new Date(expiresAt) <= now) yield keyId;
    }
    cursor = found.cursor;
  } while (cursor !== undefined);
}
