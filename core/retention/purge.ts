import { auditWrite } from '../audit/entry.ts';
import { findBuild } from '../builds/build-repository.ts';
import { listArtifacts } from '../builds/stage-repository.ts';
import { outboxWrite } from '../events/outbox.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { TableWrite } from '../ports/table.ts';
import { releaseWrites, settleLeases } from '../quota/settlement.ts';
import { workOf } from '../sharing/work-of.ts';
import { removeContent } from './content.ts';
import type { Finding, Look, LookContext } from './finding.ts';
import { findImage, type ImageRecord, imageWrite, type RetentionPorts, readImage, subjectOf, wrote } from './image.ts';
import { isIndexed } from './index-tenant.ts';
import { trashPartitions } from './places.ts';
import { allOf, readProtections } from './protection.ts';

type PurgePorts = RetentionPorts & { readonly blobs: Blobs };

/** What has been in the trash for long enough and is not protected, and what was about to be purged. */
export async function lookForPurgeable(ports: PurgePorts, context: LookContext): Promise<Look> {
  const { now, tenantId, most } = context;
  const findings: Finding[] = [];
  for (const partition of trashPartitions) {
    for await (const record of allOf(ports.table, partition, undefined, 'byState')) {
      const { image } = readImage(record);
      if ((image.trash?.purgeAt ?? '') > now.toISOString()) break;
      if (tenantId !== undefined && image.tenantId !== tenantId) continue;
      if (!(await mayGo(ports, image))) continue;
      if (findings.length >= most) return { findings, more: true };
      const { buildId, bytes } = image;
      findings.push({
        ...{ what: buildId, tenantId: image.tenantId, why: ['trash'] },
        ...(bytes === undefined ? {} : { bytes }),
        remove: () => purge(ports, buildId),
      });
    }
  }
  return { findings };
}

async function mayGo({ table }: PurgePorts, image: ImageRecord): Promise<boolean> {
  if (image.state === 'purging') return true;
  // Before all builds of a tenant have said what they stand on, no bytes go.
  if (image.state !== 'trashed' || !(await isIndexed(table, image.tenantId))) return false;
  const build = await findBuild(table, image.buildId);
  return build !== undefined && (await readProtections(table, build.value)).protections.length === 0;
}

/**
 * Removes for good what is in the trash. First it is gone for everybody, and with that its quota is free, in one
 * transaction; then bytes go on which nobody else stands; then it is purged. Cut short, the next call goes on.
 * @returns false where something has changed, or bytes are in the hands of somebody else
 */
export async function purge(ports: PurgePorts, buildId: string): Promise<boolean> {
  const { table } = ports;
  const build = (await findBuild(table, buildId))?.value;
  const found = await findImage(table, buildId);
  if (build === undefined || found?.version === undefined) return false;
  const { tenantId } = build;
  let { image, version } = { ...found, version: found.version };
  if (image.state === 'trashed') {
    if ((image.trash?.purgeAt ?? '') > ports.clock.now().toISOString()) return false;
    const { protections, unchanged } = await readProtections(table, build);
    if (protections.length > 0) return false;
    // What its leases hold is what it came to only once they are settled.
    await settleLeases(table, buildId);
    const purging: ImageRecord = { ...image, state: 'purging' };
    const begun = await wrote(table, [
      imageWrite(purging, version),
      ...unchanged,
      ...(await releaseWrites(table, build)),
      auditWrite(ports, { tenantId }, { action: 'artifact.purged', target: buildId }),
      outboxWrite(ports, 'artifact.purged', tenantId, subjectOf(purging)),
    ]);
    if (!begun) return false;
    [image, version] = [purging, version + 1];
  }
  if (image.state !== 'purging') return image.state === 'purged';
  const digests = new Set((await listArtifacts(table, workOf(build))).map(({ sha256 }) => sha256));
  let busy = false;
  for (const digest of digests) if ((await removeContent(ports, tenantId, digest)) === 'busy') busy = true;
  if (busy) return false;
  const { stale } = await readProtections(table, build);
  const purged: ImageRecord = { ...image, state: 'purged', purgedAt: ports.clock.now().toISOString() };
  const rest = stale.slice(0, 90).map((key): TableWrite => ({ kind: 'delete', key }));
  return wrote(table, [imageWrite(purged, version), ...rest]);
}
