import { expect } from 'vitest';
import type { z } from 'zod';
import { createApiKey } from '../../../core/access/key-repository.ts';
import { requestPlace } from '../../../core/approvals/places.ts';
import { readRequest, requestWrite } from '../../../core/approvals/request.ts';
import { approvalDetailSchema, approvalViewSchema } from '../../../core/approvals/views.ts';
import { auditEntrySchema } from '../../../core/audit/entry.ts';
import { pendingPlace } from '../../../core/audit/places.ts';
import { buildDetailSchema, buildViewSchema } from '../../../core/builds/build-view.ts';
import { shardCount } from '../../../core/builds/keys.ts';
import { eventEnvelope } from '../../../core/events/envelope.ts';
import { type EngineEvent, type EventType, engineEventSchema } from '../../../core/events/event.ts';
import { handle as planBuild } from '../../../functions/orchestration/plan-build/plan-build.ts';
import { memberWith } from '../../support/members.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { type Answer, call, problemOf } from './http-call.ts';

export type Approval = z.infer<typeof approvalViewSchema>;

let tenants = 0;

/** What the suites of approvals do over HTTP, with the planner beside it. */
export function approvalsUnder(api: () => ApiUnderTest) {
  const send = (method: string, path: string, body: unknown, key: string) =>
    call(`${api().url}${path}`, { method, key, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const refusal = (answer: Answer) => [answer.status, problemOf(answer).code];
  /** A tenant with one policy, and a key of a person with a role. */
  const opened = async (policy: object, name = 'four-eyes') => {
    tenants += 1;
    const tenant = await api().tenant(`approvals ${tenants}`);
    const answer = await send('PUT', `/v1/approval-policies/${name}`, policy, tenant.keys.owner);
    expect([answer.status, answer.text.slice(0, 200)]).toEqual([201, expect.any(String)]);
    return tenant;
  };
  const person = async ({ tenantId }: TenantUnderTest, ...roles: string[]) => {
    const { memberId } = await memberWith(api().ports, tenantId, roles, 'person');
    const { text } = await createApiKey(api().ports, { tenantId, memberId, name: 'test' });
    return { memberId, key: text };
  };
  const planned = async (id: string, type: EventType = 'build.submitted') => {
    const event: EngineEvent = {
      ...{ id: 'evt_1', type, version: 1, tenantId: 'ten_1', at: new Date().toISOString(), detail: { buildId: id } },
    };
    await planBuild(api().ports, eventEnvelope(event));
  };
  const buildOf = async (id: string, key: string) =>
    buildDetailSchema.parse((await send('GET', `/v1/builds/${id}`, undefined, key)).json());
  const start = async (key: string, more: object = {}, query = '') => {
    const answer = await send('POST', `/v1/builds${query}`, { ...exampleSpec, ...more }, key);
    const { id } = buildViewSchema.parse(answer.json());
    await planned(id);
    return buildOf(id, key);
  };
  const requestOf = (build: { approval?: { id: string } | undefined }) => build.approval?.id ?? 'none';
  const read = async (id: string, key: string) =>
    approvalDetailSchema.parse((await send('GET', `/v1/approvals/${id}`, undefined, key)).json());
  const decide = async (verb: string, id: string, key: string, body?: object) => {
    const given = verb === 'withdraw' ? undefined : { specDigest: (await read(id, key)).specDigest, ...body };
    return send('POST', `/v1/approvals/${id}:${verb}`, given, key);
  };
  const approved = async (id: string, key: string, body?: object): Promise<Approval> => {
    const answer = await decide('approve', id, key, body);
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
    return approvalViewSchema.parse(answer.json());
  };
  const list = async (key: string, query = '') =>
    (await send('GET', `/v1/approvals${query}`, undefined, key)).json() as {
      approvals: Approval[];
      cursor?: string;
    };
  /** Lets the time of a request pass. */
  const lapse = async (id: string) => {
    const { table } = api().ports;
    const stored = await table.get(requestPlace(id));
    if (stored === undefined) throw new Error('there is no request');
    const { value, version } = readRequest(stored);
    const expiresAt = new Date(Date.now() - 1_000).toISOString();
    await table.transact([requestWrite({ ...value, expiresAt }, version)]);
  };
  const eventsOf = async (tenantId: string): Promise<EngineEvent[]> => {
    const pages = await Promise.all(
      Array.from({ length: shardCount }, (_, shard) =>
        api().ports.table.query({ partition: `OUTBOX#${shard}`, limit: 1_000 }),
      ),
    );
    const events = pages.flatMap(({ records }) => records.map(({ data }) => engineEventSchema.parse(data)));
    return events.filter((event) => event.tenantId === tenantId).sort((a, b) => (a.id < b.id ? -1 : 1));
  };
  const auditOf = async (tenantId: string) => {
    const { partition } = pendingPlace(tenantId, 'aud_0');
    const { records } = await api().ports.table.query({ partition, limit: 1_000 });
    return records.map(({ data }) => auditEntrySchema.parse(data));
  };
  return {
    ...{ send, refusal, opened, person, planned, buildOf, start, requestOf },
    ...{ read, decide, approved, list, lapse, eventsOf, auditOf },
  };
}
