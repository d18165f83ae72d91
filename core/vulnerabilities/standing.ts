import { z } from 'zod';
import { dayAt } from '../billing/days.ts';
import type { BuildRecord } from '../builds/build-record.ts';
import { toJsonObject } from '../json.ts';
import type { Table, TableKey, TableWrite } from '../ports/table.ts';
import type { ResolvedSpec } from '../spec/schema.ts';
import { vulnerabilityLimits as limits } from './limits.ts';
import { lineageOf } from './lineage.ts';
import { packageToUpdateSchema, rebuildList } from './rebuild-list.ts';
import type { ScanRecord } from './scan.ts';
import { severities } from './severity.ts';

/** How a build stood when its packages were last looked at: whether that is due again, and what a rebuild would mend. */
export const standingSchema = z.strictObject({
  buildId: z.string(),
  tenantId: z.string(),
  teamId: z.string().exactOptional(),
  name: z.string(),
  /** What images it follows upon (lineage.ts); absent: it was looked at before there were any. */
  lineage: z.string().exactOptional(),
  /** The last scan that said something new. */
  scanId: z.string(),
  at: z.iso.datetime(),
  /** Of the data that it was looked at with. */
  dataDigest: z.string(),
  /** Last day of the waiver that runs out first, of those that hold for something. */
  waivedUntil: z.string().exactOptional(),
  /** Its packages come from a lock or a snapshot: a rebuild gets the same ones. */
  pinned: z.literal(true).exactOptional(),
  /** What a rebuild would end; absent: nothing. */
  rebuild: z
    .strictObject({
      severity: z.enum(severities),
      fixable: z.int().min(1),
      packages: z.array(packageToUpdateSchema).max(limits.rebuildPackages),
      packageCount: z.int().min(1),
    })
    .exactOptional(),
});
export type Standing = z.infer<typeof standingSchema>;

const standingKey = (buildId: string): TableKey => ({ partition: `BUILD#${buildId}`, sort: 'VULNERABILITIES' });

/** Index byTenant: builds that a rebuild would mend, the most urgent first. */
const rebuildsPartition = (tenantId: string): string => `REBUILDS#${tenantId}`;

/** Index byState: builds of a lineage; ids sort by their time. */
const lineagePartition = (tenantId: string, lineage: string): string => `LINEAGE#${tenantId}#${lineage}`;

/** What is written down of a scan of a build. */
export function standingOf(
  build: Pick<BuildRecord, 'id' | 'tenantId' | 'teamId' | 'name'>,
  { base, lock }: ResolvedSpec,
  scan: ScanRecord,
  scanId: string,
): Standing {
  const until = scan.findings.flatMap(({ waiver }) => (waiver === undefined ? [] : [waiver.expires])).sort()[0];
  const [rebuild] = rebuildList([scan]);
  return {
    ...{ buildId: build.id, tenantId: build.tenantId, name: build.name, lineage: lineageOf({ ...build, base }) },
    ...(build.teamId === undefined ? {} : { teamId: build.teamId }),
    ...{ scanId, at: scan.at, dataDigest: scan.data.digest },
    ...(until === undefined ? {} : { waivedUntil: until }),
    ...(lock === undefined && base.snapshot === undefined ? {} : { pinned: true }),
    ...(rebuild === undefined
      ? {}
      : {
          rebuild: {
            ...{ severity: rebuild.severity, fixable: rebuild.fixable, packageCount: rebuild.packages.length },
            packages: rebuild.packages.slice(0, limits.rebuildPackages).map((one) => ({
              ...one,
              advisories: [...one.advisories],
            })),
          },
        }),
  };
}

/** The write that stores how a build stands, in the list of rebuilds where one would mend something. */
export function standingWrite(standing: Standing, scan: Pick<ScanRecord, 'findings'>): TableWrite {
  const { buildId, tenantId, lineage, rebuild } = standing;
  const place = { partition: rebuildsPartition(tenantId), sort: `${urgencyOf(scan)}#${buildId}` };
  return {
    ...{ kind: 'put', key: standingKey(buildId), data: toJsonObject(standing) },
    indexes: {
      ...(rebuild === undefined ? {} : { byTenant: place }),
      ...(lineage === undefined ? {} : { byState: { partition: lineagePartition(tenantId, lineage), sort: buildId } }),
    },
  };
}

/** Ids of the builds of a lineage that were looked at, the newest first. */
export async function newestStandings(
  table: Table,
  tenantId: string,
  lineage: string,
  limit: number,
): Promise<readonly string[]> {
  const partition = lineagePartition(tenantId, lineage);
  const { records } = await table.query({ index: 'byState', partition, descending: true, limit });
  return records.map(({ data }) => standingSchema.parse(data).buildId);
}

/** The write that forgets how a build stands: its image is gone, and out of the list of rebuilds. */
export const forgetStanding = (buildId: string): TableWrite => ({ kind: 'delete', key: standingKey(buildId) });

const most = 9_999;

/** Sorts as the list of rebuilds does: more of the worst severity first; where that is equal, more of the next. */
function urgencyOf({ findings }: Pick<ScanRecord, 'findings'>): string {
  const fixable = findings.filter(({ fixedIn }) => fixedIn !== undefined);
  return severities
    .map((severity) => fixable.filter((finding) => finding.severity === severity).length)
    .map((count) => String(most - Math.min(count, most)).padStart(4, '0'))
    .join('');
}

export async function findStanding(table: Pick<Table, 'get'>, buildId: string): Promise<Standing | undefined> {
  const record = await table.get(standingKey(buildId));
  return record === undefined ? undefined : standingSchema.parse(record.data);
}

/** Whether a build is to be looked at again: the data is another, or a waiver that held has run out. */
export function isLookDue(
  standing: Standing | undefined,
  by: { readonly digest: string; readonly now: Date },
): boolean {
  if (standing === undefined || standing.dataDigest !== by.digest) return true;
  return standing.waivedUntil !== undefined && standing.waivedUntil < dayAt(by.now);
}

/** A page of the builds of a tenant that a rebuild would mend, the most urgent first. */
export async function listStandings(
  table: Table,
  tenantId: string,
  page: { readonly limit: number; readonly cursor?: string },
): Promise<{ readonly standings: readonly Standing[]; readonly cursor?: string }> {
  const { records, cursor } = await table.query({ index: 'byTenant', partition: rebuildsPartition(tenantId), ...page });
  return {
    standings: records.map(({ data }) => standingSchema.parse(data)),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
