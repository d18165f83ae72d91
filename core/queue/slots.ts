import type { BuildRecord } from '../builds/build-record.ts';
import type { Table, TableKey, TableWrite } from '../ports/table.ts';
import type { Installation } from '../tenancy/installation.ts';
import type { QueueEntry } from './queue-entry.ts';

/** Whose builds are counted while they run; each kind may have a cap. */
export const slotOwners = ['installation', 'tenant', 'team', 'member', 'key'] as const;
export type SlotOwner = (typeof slotOwners)[number];

/** Owners that not every build has, or that are counted only where they have a cap: a build remembers which count it. */
const rememberedOwners = ['team', 'member', 'key'] as const;

/** How many builds may run at once, of each kind of owner; absent: as many as the others let. */
export type SlotCaps = Readonly<
  Record<'installation' | 'tenant', number> & Partial<Record<(typeof rememberedOwners)[number], number>>
> & {
  /** Caps of single tenants and teams, by their names (`ownerName`), where they have fewer than their kind: quotas. */
  readonly own?: ReadonlyMap<string, number>;
};

/** The cap of an owner; undefined where it has none. */
export function capOf(caps: SlotCaps, owner: SlotOwner, name: string): number | undefined {
  const [kind, own] = [caps[owner], caps.own?.get(name)];
  return kind === undefined ? own : Math.min(kind, own ?? kind);
}

/** The caps of an installation. */
export function slotCaps(
  installation: Pick<
    Installation,
    | 'concurrentBuilds'
    | 'concurrentBuildsPerTenant'
    | 'concurrentBuildsPerTeam'
    | 'concurrentBuildsPerMember'
    | 'concurrentBuildsPerKey'
  >,
): SlotCaps {
  const { concurrentBuildsPerTeam, concurrentBuildsPerMember, concurrentBuildsPerKey } = installation;
  return {
    installation: installation.concurrentBuilds,
    tenant: installation.concurrentBuildsPerTenant,
    ...(concurrentBuildsPerTeam === undefined ? {} : { team: concurrentBuildsPerTeam }),
    ...(concurrentBuildsPerMember === undefined ? {} : { member: concurrentBuildsPerMember }),
    ...(concurrentBuildsPerKey === undefined ? {} : { key: concurrentBuildsPerKey }),
  };
}

type Owned = Pick<QueueEntry, 'tenantId' | 'teamId' | 'memberId' | 'keyId'>;

/** The name under which an owner's builds are counted; undefined where the build has no such owner. */
export function ownerName(owner: SlotOwner, build: Owned): string | undefined {
  const { tenantId, teamId, memberId, keyId } = build;
  switch (owner) {
    case 'installation':
      return 'installation';
    case 'tenant':
      return tenantId;
    case 'team':
      return teamId === undefined ? undefined : `${tenantId}#team#${teamId}`;
    case 'member':
      return memberId === undefined ? undefined : `${tenantId}#member#${memberId}`;
    case 'key':
      return `${tenantId}#key#${keyId}`;
  }
}

const counter = 'builds';
const runningKey = (name: string): TableKey => ({ partition: `RUNNING#${name}`, sort: 'RUNNING' });

/** Where the builds that run in the whole installation are counted. */
export const allRunningKey = runningKey('installation');
export const runningCounter = counter;

/** How many builds of a tenant run now. */
export async function runningBuilds(table: Table, tenantId: string): Promise<number> {
  return (await table.get(runningKey(tenantId)))?.counters[counter] ?? 0;
}

/** How many builds of a team run now. */
export async function runningBuildsOfTeam(
  table: Table,
  { tenantId, teamId }: { readonly tenantId: string; readonly teamId: string },
): Promise<number> {
  return (await table.get(runningKey(`${tenantId}#team#${teamId}`)))?.counters[counter] ?? 0;
}

/** A write that counts one more running build of an owner, who may have no more than the cap. */
export interface TakenSlot {
  readonly owner: SlotOwner;
  readonly name: string;
  readonly write: TableWrite;
}

/**
 * Writes that count one more running build, for the transaction in which it becomes running: it fails where a cap is
 * reached, whoever else starts builds at the same time.
 */
export function takeSlots(build: Owned, caps: SlotCaps): readonly TakenSlot[] {
  return slotOwners.flatMap((owner) => {
    const name = ownerName(owner, build);
    if (name === undefined || !isCounted(owner, caps)) return [];
    const max = capOf(caps, owner, name);
    const bound = max === undefined ? {} : { max };
    return [{ owner, name, write: { kind: 'increment', key: runningKey(name), counter, by: 1, ...bound } }];
  });
}

/** Teams are counted in any case, since their use is shown. */
const isCounted = (owner: SlotOwner, caps: SlotCaps): boolean => owner === 'team' || caps[owner] !== undefined;

/** Which of the owners that are not always counted count a build. */
export function heldSlots(build: Owned, caps: SlotCaps): NonNullable<BuildRecord['slots']> {
  return rememberedOwners.filter((owner) => isCounted(owner, caps) && ownerName(owner, build) !== undefined);
}

/** Writes that count one less, for the transaction in which a build that was counted ends. */
export function giveSlots(build: Owned & Pick<BuildRecord, 'holdsSlot' | 'slots'>): TableWrite[] {
  if (build.holdsSlot !== true) return [];
  const owners: readonly SlotOwner[] = ['installation', 'tenant', ...(build.slots ?? [])];
  return owners.flatMap((owner) => {
    const name = ownerName(owner, build);
    return name === undefined ? [] : [{ kind: 'increment', key: runningKey(name), counter, by: -1, min: 0 } as const];
  });
}
