import { newMember } from '../../../core/access/member-repository.ts';
import { memberPlace } from '../../../core/access/places.ts';
import { approve, reject, withdraw } from '../../../core/approvals/decide.ts';
import { passBuildGate } from '../../../core/approvals/gate.ts';
import { judge } from '../../../core/approvals/outcome.ts';
import { policyContentSchema } from '../../../core/approvals/policy.ts';
import { removePolicy, setPolicy } from '../../../core/approvals/policy-repository.ts';
import { findRequest } from '../../../core/approvals/requests.ts';
import { sweepRequests } from '../../../core/approvals/sweep.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildWrite, findBuild } from '../../../core/builds/build-repository.ts';
import { specKey } from '../../../core/builds/keys.ts';
import { digestOf } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import { toJsonObject } from '../../../core/json.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { Ids } from '../../../core/ports/ids.ts';
import type { Table } from '../../../core/ports/table.ts';
import { principalWith } from './approval-samples.ts';

const tenantId = 'ten_1';
const hour = 3_600_000;

/** What somebody may do next. */
export type Act =
  | { readonly do: 'submit'; readonly by: number; readonly spec: number }
  | { readonly do: 'approve'; readonly by: number; readonly build: number; readonly stale: boolean }
  | { readonly do: 'withdraw' | 'reject'; readonly by: number; readonly build: number }
  | { readonly do: 'suspend' | 'restore' | 'demote' | 'promote'; readonly who: number }
  | { readonly do: 'policy'; readonly which: number; readonly quorum: number; readonly hours: number }
  | { readonly do: 'unset'; readonly which: number }
  | { readonly do: 'wait'; readonly hours: number }
  | { readonly do: 'sweep' };

interface ModelPolicy {
  readonly change: number;
  readonly quorum: number;
  readonly milliseconds: number;
}

interface ModelBuild {
  readonly id: string;
  readonly spec: number;
  readonly author: number;
  state: 'waiting' | 'queued' | 'rejected';
  readonly ends: number;
}

interface ModelVote {
  readonly at: number;
  readonly under: ReadonlySet<number>;
}

/**
 * The engine's approvals beside a model of them that says what they mean, in a few lines and without a table: who has
 * approved which spec, when, under which policies.
 */
export class ApprovalsModel {
  now = new Date('2026-11-27T00:00:00.000Z').getTime();
  readonly #ports: { readonly table: Table; readonly clock: Clock; readonly ids: Ids };
  readonly #members: string[] = [];
  readonly #may: boolean[] = [];
  readonly #suspended: boolean[] = [];
  readonly #policies = new Map<number, ModelPolicy>();
  readonly #votes = new Map<string, ModelVote>();
  readonly #builds: ModelBuild[] = [];
  #changes = 0;

  constructor(ports: (now: () => Date) => { readonly table: Table; readonly clock: Clock; readonly ids: Ids }) {
    this.#ports = ports(() => new Date(this.now));
  }

  /** Members: all approvers at first. */
  async open(members: number): Promise<void> {
    for (let at = 0; at < members; at += 1) {
      const content = { kind: 'person', name: `m${at}`, roles: ['approver', 'builder'] } as const;
      const { member, writes } = newMember(this.#ports, tenantId, { ...content, roles: [...content.roles] });
      await this.#ports.table.transact(writes);
      this.#members.push(member.memberId);
      this.#may.push(true);
      this.#suspended.push(false);
    }
  }

  /** How many builds were queued, and how many waited and were not: for a look at what the runs are worth. */
  get ended(): { readonly queued: number; readonly rejected: number; readonly waiting: number } {
    const count = (state: ModelBuild['state']) => this.#builds.filter((build) => build.state === state).length;
    return { queued: count('queued'), rejected: count('rejected'), waiting: count('waiting') };
  }

  /** Whether the model lets a build pass now. */
  #passes({ spec, author }: ModelBuild): boolean {
    return [...this.#policies.values()].every(({ change, quorum, milliseconds }) => {
      const counted = this.#members.filter((_, member) => {
        const vote = this.#votes.get(`${spec}/${member}`);
        if (vote === undefined || member === author || this.#suspended[member] === true || this.#may[member] !== true) {
          return false;
        }
        return vote.under.has(change) && this.now < vote.at + milliseconds;
      });
      return counted.length >= quorum;
    });
  }

  async act(act: Act): Promise<void> {
    switch (act.do) {
      case 'submit':
        await this.#submit(act.by % this.#members.length, act.spec);
        break;
      case 'approve':
      case 'withdraw':
      case 'reject':
        await this.#decide(act);
        break;
      case 'suspend':
      case 'restore':
      case 'demote':
      case 'promote':
        await this.#changeMember(act.do, act.who % this.#members.length);
        break;
      case 'policy':
        await this.#setPolicy(act.which, act.quorum, act.hours);
        break;
      case 'unset':
        if (this.#policies.delete(act.which)) await removePolicy(this.#ports, this.#principal(0), `p${act.which}`);
        break;
      case 'wait':
        this.now += act.hours * hour;
        break;
      case 'sweep':
        await sweepRequests(this.#ports);
        break;
    }
  }

  /** Compares every build with the model: none is queued that must not be, and after a look at each none waits that may go. */
  async check(): Promise<void> {
    for (const build of this.#builds) {
      const before = await this.#stateOf(build);
      if (build.state === 'waiting' && before === 'queued' && !this.#passes(build)) {
        throw new Error(`${build.id} was queued without its quorum`);
      }
      if (build.state === 'waiting') {
        const request = (await this.#record(build)).approvals?.build;
        if (request === undefined) throw new Error(`${build.id} waits for nobody`);
        await judge(this.#ports, tenantId, request);
        // Once through it stays through; the end of its time comes before a late quorum.
        if (before === 'queued') build.state = 'queued';
        else if (this.now >= build.ends) build.state = 'rejected';
        else if (this.#passes(build)) build.state = 'queued';
      }
      const after = await this.#stateOf(build);
      if (after !== build.state) throw new Error(`${build.id} is ${after}, and should be ${build.state}`);
    }
  }

  async #submit(author: number, spec: number): Promise<void> {
    const document = { name: `spec-${spec}`, outputs: [{ type: 'tar' }] };
    const id = this.#ports.ids.next('bld');
    const at = new Date(this.now).toISOString();
    const build: BuildRecord = {
      ...{ id, tenantId, keyId: 'key_1', memberId: this.#members[author], name: 'image', state: 'planning' },
      ...{ specDigest: digestOf(document), submittedAt: at },
    };
    await this.#ports.table.transact([
      buildWrite(build, 'absent'),
      { kind: 'put', key: specKey(id), data: toJsonObject(document) },
    ]);
    await passBuildGate(this.#ports, build, { plannedAt: at });
    const ends = this.now + Math.min(...[...this.#policies.values()].map(({ milliseconds }) => milliseconds));
    const made: ModelBuild = { id, spec, author, state: 'waiting', ends };
    if (this.#passes(made)) made.state = 'queued';
    this.#builds.push(made);
  }

  async #decide(act: Extract<Act, { readonly by: number; readonly build: number }>): Promise<void> {
    const build = this.#builds[act.build % Math.max(1, this.#builds.length)];
    if (build === undefined) return;
    const by = act.by % this.#members.length;
    const record = await this.#record(build);
    const requestId = record.approvals?.build;
    if (requestId === undefined) return;
    const principal = this.#principal(by);
    const vote = `${build.spec}/${by}`;
    const isOpen = build.state === 'waiting' && this.now < build.ends;
    const mayDecide = isOpen && by !== build.author && this.#may[by] === true && this.#suspended[by] !== true;
    if (act.do === 'approve') {
      const specDigest = act.stale ? digestOf('another') : record.specDigest;
      const done = await succeeds(approve(this.#ports, principal, requestId, { specDigest }));
      needSame('approval', done, mayDecide && !act.stale);
      const under = new Set([...this.#policies.values()].map(({ change }) => change));
      if (done) this.#votes.set(vote, { at: this.now, under });
    } else if (act.do === 'withdraw') {
      const done = await succeeds(withdraw(this.#ports, principal, requestId));
      needSame('withdrawal', done, isOpen && this.#votes.has(vote));
      if (done) this.#votes.delete(vote);
    } else {
      const opinion = { specDigest: record.specDigest, comment: 'no' };
      const done = await succeeds(reject(this.#ports, principal, requestId, opinion));
      needSame('rejection', done, mayDecide);
      if (!done) return;
      build.state = 'rejected';
      for (let member = 0; member < this.#members.length; member += 1) this.#votes.delete(`${build.spec}/${member}`);
    }
  }

  async #changeMember(how: 'suspend' | 'restore' | 'demote' | 'promote', who: number): Promise<void> {
    const { table } = this.#ports;
    if (how === 'suspend' || how === 'restore') this.#suspended[who] = how === 'suspend';
    else this.#may[who] = how === 'promote';
    const stored = await table.get(memberPlace(tenantId, this.#members[who] ?? ''));
    if (stored === undefined) throw new Error('the member is gone');
    const { suspendedAt: _, ...kept } = stored.data;
    const roles = this.#may[who] === true ? ['approver', 'builder'] : ['builder'];
    const data = {
      ...{ ...kept, roles },
      ...(this.#suspended[who] === true ? { suspendedAt: new Date(this.now).toISOString() } : {}),
    };
    await table.transact([{ kind: 'put', key: stored.key, data }]);
  }

  async #setPolicy(which: number, quorum: number, hours: number): Promise<void> {
    const content = policyContentSchema.parse({
      ...{ gate: 'build', quorum, validSeconds: hours * 3_600, approvers: { roles: ['approver'] } },
    });
    await setPolicy(this.#ports, this.#principal(0), `p${which}`, content);
    const before = this.#policies.get(which);
    if (before?.quorum === quorum && before.milliseconds === hours * hour) return;
    this.#changes += 1;
    this.#policies.set(which, { change: this.#changes, quorum, milliseconds: hours * hour });
  }

  #principal(member: number) {
    return principalWith(tenantId, this.#members[member] ?? '');
  }

  async #record({ id }: ModelBuild): Promise<BuildRecord> {
    const found = await findBuild(this.#ports.table, id);
    if (found === undefined) throw new Error('the build is gone');
    return found.value;
  }

  async #stateOf(build: ModelBuild): Promise<ModelBuild['state'] | string> {
    const record = await this.#record(build);
    const requestId = record.approvals?.build;
    const request = requestId === undefined ? undefined : await findRequest(this.#ports.table, requestId);
    const expected = { awaiting_approval: 'pending', queued: 'approved' } as Readonly<Record<string, string>>;
    if (request !== undefined && request.state !== (expected[record.state] ?? request.state)) {
      throw new Error(`${build.id} is ${record.state}, its request ${request.state}`);
    }
    return record.state === 'awaiting_approval' ? 'waiting' : record.state;
  }
}

function needSame(what: string, is: boolean, expected: boolean): void {
  if (is !== expected) throw new Error(`the ${what} was ${is ? 'taken' : 'refused'}`);
}

/** False where it is refused. */
async function succeeds(decision: Promise<unknown>): Promise<boolean> {
  try {
    await decision;
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}
