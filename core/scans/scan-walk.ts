import { findBuild } from '../builds/build-repository.ts';
import { digestOf } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { EventDetail } from '../events/catalogue.ts';
import { outboxWrite } from '../events/outbox.ts';
import { type TableKey, wrote } from '../ports/table.ts';
import { readRebuildSettings } from '../rebuilds/settings.ts';
import { readImage } from '../retention/image.ts';
import { installationOwner, keptImages } from '../retention/places.ts';
import { listTenants } from '../tenancy/tenant.ts';
import { type OpenData, openData } from '../vulnerabilities/open-data.ts';
import { findStanding, isLookDue } from '../vulnerabilities/standing.ts';
import { type RescanPorts, scanStored } from './vulnerability-scans.ts';

/** How far a walk over all images has come: through the tenants, and through the images of one of them. */
type Position = EventDetail<'vulnerabilities.rescan'>;

/** Images that are looked at between two looks at the clock. */
const imagesAtOnce = 20;

/** What a part of a walk came to. */
export interface Walked {
  readonly looked: number;
  readonly scanned: number;
  /** Whether an event has the rest done. */
  readonly goesOn: boolean;
  /** What failed that nobody foresaw; the images behind it were looked at all the same. */
  readonly errors: readonly unknown[];
}

/**
 * Scans the images of all tenants that are kept and due, from a position on, for some time; the rest by an event. A walk
 * with data that has been replaced meanwhile ends, since that of the new data goes over all of them. Safe to repeat: what was
 * scanned is due no more.
 * @param within milliseconds after which no further images are begun
 * @param walk what it is called: a call that is made again goes on with it once
 */
export async function walkImages(
  ports: RescanPorts,
  from: Position,
  { within, walk }: { readonly within: number; readonly walk: string },
): Promise<Walked> {
  const data = await openData(ports);
  if (data === undefined || data.data.digest !== from.dataDigest) {
    return { looked: 0, scanned: 0, goesOn: false, errors: [] };
  }
  const began = ports.clock.now().getTime();
  const sum = { looked: 0, scanned: 0, errors: [] as unknown[] };
  let position: Position | undefined = from;
  while (position !== undefined) {
    const page = await pageAt(ports, position);
    for (const buildId of page.buildIds) {
      sum.looked += 1;
      try {
        if (await scanIfDue(ports, data, buildId)) sum.scanned += 1;
      } catch (error) {
        sum.errors.push(error);
      }
    }
    if (position.tenant !== undefined && page.next?.tenant !== position.tenant) {
      await askForRebuilds(ports, position.tenant, position.dataDigest);
    }
    position = page.next;
    if (position !== undefined && ports.clock.now().getTime() - began >= within) {
      await goOn(ports, { ...position, walk });
      return { ...sum, goesOn: true };
    }
  }
  return { ...sum, goesOn: false };
}

/** Has a tenant's images built anew that are due, where it wants that, once all of them are looked at. Safe to repeat. */
async function askForRebuilds(ports: RescanPorts, tenantId: string, dataDigest: string): Promise<void> {
  if (!(await readRebuildSettings(ports.table, tenantId)).automatic) return;
  await ports.table.transact([outboxWrite(ports, 'vulnerabilities.rebuild', tenantId, { dataDigest })]);
}

/** Seconds for which it is known that a walk has come past a position: longer than any call is repeated. */
const knownFor = 7 * 86_400;

const passedKey = (walk: string, position: Position): TableKey => ({
  partition: `SCANWALK#${walk}`,
  sort: digestOf(position),
});

/** Has the rest done by an event, once: a call that failed at some image is made again, and would begin one more walk. */
async function goOn(ports: RescanPorts, position: Position & { readonly walk: string }): Promise<void> {
  const expiresAt = Math.floor(ports.clock.now().getTime() / 1_000) + knownFor;
  const key = passedKey(position.walk, position);
  await wrote(ports.table, [
    { kind: 'put', key, data: {}, expiresAt, condition: { kind: 'absent' } },
    outboxWrite(ports, 'vulnerabilities.rescan', installationOwner, position),
  ]);
}

/** Some images at a position, and where the walk goes on; undefined at its end. */
async function pageAt(
  { table }: RescanPorts,
  { dataDigest, tenant, cursor, tenants }: Position,
): Promise<{ readonly buildIds: readonly string[]; readonly next: Position | undefined }> {
  if (tenant === undefined) {
    const found = await listTenants(table, { limit: 1, ...(tenants === undefined ? {} : { cursor: tenants }) });
    const first = found.tenants[0]?.tenantId;
    const further = found.cursor === undefined ? {} : { tenants: found.cursor };
    if (first !== undefined) return { buildIds: [], next: { dataDigest, tenant: first, ...further } };
    return { buildIds: [], next: found.cursor === undefined ? undefined : { dataDigest, ...further } };
  }
  const page = await table.query({
    ...{ index: 'byTenant', partition: keptImages(tenant, '', '').partition, descending: true, limit: imagesAtOnce },
    ...(cursor === undefined ? {} : { cursor }),
  });
  const further = tenants === undefined ? {} : { tenants };
  const next =
    page.cursor !== undefined
      ? { dataDigest, tenant, cursor: page.cursor, ...further }
      : tenants === undefined
        ? undefined
        : { dataDigest, tenants };
  return { buildIds: page.records.map((record) => readImage(record).image.buildId), next };
}

/** What a build may be that has nothing to scan: another one in the walk is none the worse for it. */
const unscannable: readonly string[] = [
  'vulnerabilities.not_scannable',
  'vulnerabilities.packages_gone',
  'vulnerabilities.no_data',
  'artifact.purged',
];

async function scanIfDue(ports: RescanPorts, data: OpenData, buildId: string): Promise<boolean> {
  const by = { digest: data.data.digest, now: ports.clock.now() };
  if (!isLookDue(await findStanding(ports.table, buildId), by)) return false;
  const build = await findBuild(ports.table, buildId);
  if (build === undefined) return false;
  try {
    await scanStored(ports, build.value, data, 'data');
    return true;
  } catch (error) {
    if (error instanceof EngineError && unscannable.includes(error.code)) return false;
    throw error;
  }
}
