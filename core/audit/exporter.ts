import type { AuditArchive } from '../ports/audit-archive.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Table, TableQuery } from '../ports/table.ts';
import { encodeCursor } from '../ports/table-cursor.ts';
import { listTenants } from '../tenancy/tenant.ts';
import { type Anchor, readAnchors } from './anchor.ts';
import { type ChainHead, checkLinks, emptyChain, type StoredLink } from './chain.ts';
import { type Exported, exportedBy, exportFile, exportName, exportsOf } from './export-file.ts';
import { linkOf } from './log-repository.ts';
import { sealedPlace, sealedPrefix } from './places.ts';
import { BrokenChain } from './sealer.ts';

export interface ExportPorts {
  readonly table: Table;
  readonly blobs: Blobs;
  readonly archive: AuditArchive;
}

/** Entries of one file, as long as a signed head lies within so many; else up to the next one. */
const entriesOfFile = 20_000;
/** Records that are read at once. */
const pageSize = 500;

/**
 * Copies what was sealed and signed since the last copy, tenant by tenant, into the archive. Where it goes on from is
 * read from the names there, which nobody can change. May be repeated, cut short, and run twice at once.
 * @returns how many entries were copied
 * @throws AggregateError of what went wrong with single tenants, when all others are done
 */
export async function exportAudit(ports: ExportPorts): Promise<number> {
  let copied = 0;
  let cursor: string | undefined;
  const failures: unknown[] = [];
  do {
    const page = await listTenants(ports.table, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    for (const { tenantId } of page.tenants) {
      try {
        copied += await exportTenant(ports, tenantId);
      } catch (error) {
        failures.push(error);
      }
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} audit log(s) could not be exported.`);
  return copied;
}

async function exportTenant({ table, blobs, archive }: ExportPorts, tenantId: string): Promise<number> {
  const exported = await lastExported(archive, tenantId);
  let { head } = exported;
  let copied = 0;
  for (const anchor of endsOf(head, await anchorsSince(blobs, tenantId, exported))) {
    const links = await readLinks(table, tenantId, head, anchor.sequence);
    const chained = checkLinks(links, head);
    // What does not fit to what was signed and copied is not copied as if it did.
    if ('flaw' in chained) throw new BrokenChain(tenantId, `number ${chained.flaw.sequence}: ${chained.flaw.reason}`);
    if (chained.head.sequence !== anchor.sequence || chained.head.hash !== anchor.hash) {
      throw new BrokenChain(tenantId, `it is not the one whose number ${anchor.sequence} was signed at ${anchor.at}`);
    }
    await archive.put(exportName(anchor), exportFile({ from: head, anchor, links }));
    head = chained.head;
    copied += links.length;
  }
  return copied;
}

async function lastExported(archive: AuditArchive, tenantId: string): Promise<Exported> {
  let last: Exported = { head: emptyChain };
  let cursor: string | undefined;
  do {
    const page = await archive.names(exportsOf(tenantId), cursor);
    for (const name of page.names) {
      const exported = exportedBy(name);
      if (exported !== undefined && exported.head.sequence > last.head.sequence) last = exported;
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return last;
}

/** The anchors of the hour that was exported last, in which one may have followed, and of later ones. */
async function anchorsSince(blobs: Blobs, tenantId: string, { hour }: Exported): Promise<readonly Anchor[]> {
  const anchors: Anchor[] = [];
  // Before the hour's own name, which goes on with `.json`.
  let cursor = hour;
  do {
    const page = await readAnchors(blobs, tenantId, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    anchors.push(...page.anchors);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return anchors;
}

/** The signed heads at which files end: as few as their size allows. */
function endsOf(head: ChainHead, anchors: readonly Anchor[]): readonly Anchor[] {
  const ends: Anchor[] = [];
  let from = head.sequence;
  const later = anchors.filter(({ sequence }) => sequence > head.sequence).sort((a, b) => a.sequence - b.sequence);
  for (const [position, anchor] of later.entries()) {
    const next = later[position + 1];
    if (next !== undefined && next.sequence - from <= entriesOfFile) continue;
    ends.push(anchor);
    from = anchor.sequence;
  }
  return ends;
}

/** The links behind a head, up to a number. */
async function readLinks(
  table: Table,
  tenantId: string,
  head: ChainHead,
  last: number,
): Promise<readonly StoredLink[]> {
  const { partition } = sealedPlace(tenantId, 1);
  const query: TableQuery = { partition, sortPrefix: sealedPrefix, limit: pageSize };
  const before = sealedPlace(tenantId, head.sequence);
  let cursor: string | undefined = encodeCursor(query, { sort: before.sort, key: before });
  const links: StoredLink[] = [];
  while (cursor !== undefined && links.length < last - head.sequence) {
    const page: Awaited<ReturnType<Table['query']>> = await table.query({ ...query, cursor });
    links.push(...page.records.map(linkOf));
    cursor = page.cursor;
  }
  return links.slice(0, last - head.sequence);
}
