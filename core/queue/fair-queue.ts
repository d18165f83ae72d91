import { chargedSeconds, fewestSeconds, virtualMilliseconds, weights } from './charge.ts';
import { rankOf } from './priority.ts';
import type { QueueEntry } from './queue-entry.ts';
import { capOf, ownerName, type SlotCaps, type SlotOwner } from './slots.ts';

/** What an owner may have of the slots, over what all weights add up to, and how much of it was used up. */
export interface Share {
  readonly weight: number;
  /** Virtual milliseconds: where the turn of the last of its builds that started ends. */
  readonly finish: number;
  /** Where that turn ends at the least, whatever is given back of it: no owner has two turns in the place of one. */
  readonly floor: number;
}

/** A tenant's share, with those of its teams; builds without a team are a team of their own, named ''. */
export interface TenantShare extends Share {
  /** Virtual time among its teams. */
  readonly time: number;
  readonly teams: ReadonlyMap<string, Share>;
}

/** Recent service: all that is remembered from one dispatch to the next. */
export interface Shares {
  /** Virtual time among the tenants. */
  readonly time: number;
  readonly tenants: ReadonlyMap<string, TenantShare>;
}

/** How an owner's share changes where one of its builds starts. */
export interface Turn {
  readonly weight: number;
  /** Virtual time at which its turn begins: the time among its like from then on, where that was less. */
  readonly begin: number;
  readonly finish: number;
  readonly floor: number;
}

/** A build that starts next. */
export interface Start {
  readonly entry: QueueEntry;
  /** What it is charged for; absent of a warming, which is nobody's. */
  readonly charge?: {
    readonly seconds: number;
    readonly tenant: Turn;
    /** There where its tenant has teams. */
    readonly team?: Turn;
  };
}

interface Waiting {
  readonly entry: QueueEntry;
  readonly rank: number;
}

/** Builds of one team that wait, in the order in which they go. */
interface Team {
  readonly id: string;
  weight: number;
  finish: number;
  floor: number;
  readonly waiting: Waiting[];
}

interface Tenant {
  weight: number;
  finish: number;
  floor: number;
  time: number;
  waiting: number;
  readonly teams: Map<string, Team>;
}

/**
 * Start-time fair queueing over two levels, tenants and their teams, in virtual time: what a tenant used of the slots,
 * over its weight. The next build is of the tenant whose turn begins first; that is where its last one's turn ends, or
 * now, whichever is later: nobody saves up. A tenant at a cap is passed over. Within a team the smallest rank goes first.
 *
 * The bound: each start takes its tenant's turn on by what the fewest seconds of a charge are over its weight, at the
 * least. So while a tenant waits under its caps, its turn beginning `d` virtual milliseconds from now, another tenant of
 * weight `v` starts `d * v / 60,000 + 1` builds at most; `d` is what its own last build was charged for over its own
 * weight, and 0 where it used nothing lately: then one build of each other tenant.
 */
export class FairQueue {
  #time: number;
  readonly #tenants = new Map<string, Tenant>();
  readonly #caps: SlotCaps;
  readonly #running = new Map<string, number>();
  readonly #warm: Waiting[] = [];
  readonly #blocked: ReadonlySet<string>;
  #waiting = 0;
  #started = 0;

  /** @param blocked owners (slots.ts, `ownerName`) of whom none starts, whatever is counted here */
  constructor(shares: Shares, caps: SlotCaps, blocked: ReadonlySet<string> = new Set()) {
    this.#time = shares.time;
    this.#caps = caps;
    this.#blocked = blocked;
    for (const [id, { weight, finish, floor, time, teams }] of shares.tenants) {
      const own = [...teams].map(([team, share]): [string, Team] => [team, { id: team, ...share, waiting: [] }]);
      this.#tenants.set(id, { weight, finish, floor, time, waiting: 0, teams: new Map(own) });
    }
  }

  /** Builds that wait. */
  get waiting(): number {
    return this.#waiting + this.#warm.length;
  }

  get running(): number {
    return this.#started;
  }

  /** Builds of an owner that run. */
  runningOf(name: string): number {
    return this.#running.get(name) ?? 0;
  }

  /** A build waits from now on. */
  add(entry: QueueEntry): void {
    const waiting = { entry, rank: rankOf(Date.parse(entry.submittedAt), entry.priority) };
    if (entry.warm === true) {
      insert(this.#warm, waiting);
      return;
    }
    const tenant = this.#tenantOf(entry.tenantId);
    insert(teamOf(tenant, entry.teamId ?? '').waiting, waiting);
    tenant.waiting += 1;
    this.#waiting += 1;
  }

  /** A build runs that was started before. */
  run(entry: QueueEntry): void {
    this.#count(entry, 1);
  }

  /** A build that ran is over. */
  end(entry: QueueEntry): void {
    this.#count(entry, -1);
  }

  /** What a build took, other than it was charged for when it started (charge.ts, `settlement`). */
  settle(tenantId: string, virtual: number): void {
    const tenant = this.#tenantOf(tenantId);
    tenant.finish = Math.max(tenant.floor, tenant.finish + virtual);
  }

  /** Takes the build that starts next out of the queue, and counts it; undefined where none may start. */
  next(): Start | undefined {
    if (this.#isFull('installation', undefined)) return undefined;
    if (this.#waiting === 0) return this.#nextWarm();
    let best: { tenant: Tenant; team: Team; place: number; begin: number; waiting: Waiting } | undefined;
    for (const [id, tenant] of this.#tenants) {
      if (tenant.waiting === 0 || this.#isFull('tenant', id)) continue;
      const begin = Math.max(this.#time, tenant.finish);
      if (best !== undefined && begin > best.begin) continue;
      const found = this.#nextOf(tenant);
      if (found === undefined) continue;
      // At the same turn the older build goes, whatever its priority: that counts in its own team only.
      if (best !== undefined && begin === best.begin && found.waiting.entry.id > best.waiting.entry.id) continue;
      best = { ...found, tenant, begin };
    }
    if (best === undefined) return undefined;
    const { tenant, team, place, begin, waiting } = best;
    const { entry } = waiting;
    team.waiting.splice(place, 1);
    tenant.waiting -= 1;
    this.#waiting -= 1;
    this.#count(entry, 1);
    const seconds = chargedSeconds(entry.seconds);
    const ofTenant = turnOf(tenant, begin, seconds);
    this.#time = Math.max(this.#time, begin);
    take(tenant, ofTenant);
    if (tenant.teams.size === 1 && team.id === '') return { entry, charge: { seconds, tenant: ofTenant } };
    const ofTeam = turnOf(team, Math.max(tenant.time, team.finish), seconds);
    tenant.time = ofTeam.begin;
    take(team, ofTeam);
    return { entry, charge: { seconds, tenant: ofTenant, team: ofTeam } };
  }

  /** The build that goes next of a tenant's. */
  #nextOf(tenant: Tenant): { team: Team; place: number; waiting: Waiting } | undefined {
    let best: { team: Team; place: number; begin: number; waiting: Waiting } | undefined;
    for (const team of tenant.teams.values()) {
      if (team.waiting.length === 0) continue;
      const begin = Math.max(tenant.time, team.finish);
      if (best !== undefined && begin > best.begin) continue;
      const place = team.waiting.findIndex(({ entry }) => this.#mayStart(entry));
      const waiting = team.waiting[place];
      if (waiting === undefined) continue;
      if (best !== undefined && begin === best.begin && waiting.entry.id > best.waiting.entry.id) continue;
      best = { team, place, begin, waiting };
    }
    return best;
  }

  #nextWarm(): Start | undefined {
    const place = this.#warm.findIndex(({ entry }) => !this.#isFull('tenant', entry.tenantId) && this.#mayStart(entry));
    const [waiting] = place < 0 ? [] : this.#warm.splice(place, 1);
    if (waiting === undefined) return undefined;
    this.#count(waiting.entry, 1);
    return { entry: waiting.entry };
  }

  /** Whether the caps of team, member and key let a build start; those of installation and tenant are asked before. */
  #mayStart(entry: QueueEntry): boolean {
    for (const owner of ['team', 'member', 'key'] as const) {
      const name = ownerName(owner, entry);
      if (name !== undefined && this.#isFull(owner, name)) return false;
    }
    return true;
  }

  #isFull(owner: SlotOwner, name: string | undefined): boolean {
    const of = name ?? owner;
    const cap = capOf(this.#caps, owner, of);
    return this.#blocked.has(of) || (this.#running.get(of) ?? 0) >= (cap ?? Number.POSITIVE_INFINITY);
  }

  #count(entry: QueueEntry, by: 1 | -1): void {
    this.#started += by;
    for (const owner of ['installation', 'tenant', 'team', 'member', 'key'] as const) {
      const name = ownerName(owner, entry);
      if (name === undefined || capOf(this.#caps, owner, name) === undefined) continue;
      this.#running.set(name, (this.#running.get(name) ?? 0) + by);
    }
  }

  #tenantOf(id: string): Tenant {
    let tenant = this.#tenants.get(id);
    if (tenant === undefined) {
      tenant = { weight: weights.usual, finish: 0, floor: 0, time: 0, waiting: 0, teams: new Map() };
      this.#tenants.set(id, tenant);
    }
    return tenant;
  }
}

function teamOf(tenant: Tenant, id: string): Team {
  let team = tenant.teams.get(id);
  if (team === undefined) {
    team = { id, weight: weights.usual, finish: 0, floor: 0, waiting: [] };
    tenant.teams.set(id, team);
  }
  return team;
}

function turnOf({ weight }: Pick<Share, 'weight'>, begin: number, seconds: number): Turn {
  return {
    ...{ weight, begin, finish: begin + virtualMilliseconds(seconds, weight) },
    floor: begin + virtualMilliseconds(fewestSeconds, weight),
  };
}

function take(share: { finish: number; floor: number }, { finish, floor }: Turn): void {
  share.finish = finish;
  share.floor = floor;
}

/** Puts it where it belongs: by rank, and at the same rank by age. */
function insert(waiting: Waiting[], one: Waiting): void {
  let low = 0;
  let high = waiting.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = waiting[middle];
    const before =
      other !== undefined && (other.rank < one.rank || (other.rank === one.rank && other.entry.id < one.entry.id));
    if (before) low = middle + 1;
    else high = middle;
  }
  waiting.splice(low, 0, one);
}

/** Which of the queued builds start now, in order, under the caps; nothing is changed. */
export function startsDue(state: {
  readonly queued: Iterable<QueueEntry>;
  readonly running: Iterable<QueueEntry>;
  readonly shares: Shares;
  readonly caps: SlotCaps;
  readonly blocked?: ReadonlySet<string>;
  /** No more than so many. */
  readonly most?: number;
}): readonly Start[] {
  const queue = new FairQueue(state.shares, state.caps, state.blocked);
  for (const entry of state.running) queue.run(entry);
  for (const entry of state.queued) queue.add(entry);
  const starts: Start[] = [];
  while (starts.length < (state.most ?? Number.POSITIVE_INFINITY)) {
    const start = queue.next();
    if (start === undefined) break;
    starts.push(start);
  }
  return starts;
}
