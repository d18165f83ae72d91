import { Agent, type IncomingMessage, request as send } from 'node:http';
import { foundTenant } from '../../core/access/found-tenant.ts';
import { eventEnvelope } from '../../core/events/envelope.ts';
import { newEvent } from '../../core/events/outbox.ts';
import { utf8 } from '../../core/json.ts';
import type { Ports } from '../../core/ports/ports.ts';
import { ConditionFailed } from '../../core/ports/table.ts';
import { refreshData } from '../../core/vulnerabilities/refresh.ts';
import { operations } from '../../functions/api/operations.ts';
import { handle as keepDeadLetters } from '../../functions/events/keep-dead-letters/keep-dead-letters.ts';
import { largestBodyBytes } from '../../functions/shared/request-body.ts';
import { createRouter } from '../../functions/shared/router.ts';
import { startHttpFront } from '../../local/http/front.ts';
import { samplePackage } from '../core/lock/lock-samples.ts';
import { archive } from '../core/plan/plan-fixtures.ts';
import { forceState, storeAttempt, storeStage } from '../functions/api/stored-build.ts';
import { until } from '../support/callers.ts';
import { type ControlPlane, openControlPlane } from '../support/control-plane.ts';
import { keyWith } from '../support/members.ts';
import { trackerFile } from '../support/mirror-folder.ts';
import type { FuzzAnswer } from './judge.ts';
import type { Credentials, FuzzRequest } from './requests.ts';

/** The engine whose answers are judged: real, over real HTTP, but for its builders, its archive and others' servers. */
export interface EngineUnderFuzz {
  readonly plane: ControlPlane;
  /** What each answer of 500 and above came from, in order. */
  readonly causes: readonly unknown[];
  tenant(name: string): Promise<TenantUnderFuzz>;
  /** Lets a build seem to run, whose attempt has the ticket of the credentials, and gives up an event of a tenant. */
  plant(tenantId: string, buildId: string): Promise<void>;
  send(request: Pick<FuzzRequest, 'method' | 'target' | 'headers' | 'body'>): Promise<FuzzAnswer>;
  close(): Promise<void>;
}

export interface TenantUnderFuzz {
  readonly tenantId: string;
  readonly credentials: Credentials;
  /** Ids that no request may name, or the tenant's own operator would be gone. */
  readonly kept: readonly string[];
}

/** What the tracker says of one of the packages. */
const known = trackerFile({
  bash: { 'CVE-2026-0001': { status: 'resolved', fixed_version: '99.0-1', urgency: 'medium' } },
});

export async function openEngineUnderFuzz(): Promise<EngineUnderFuzz> {
  const plane = await openControlPlane(
    archive,
    // A limit that is never met, so that answers have the headers of one.
    { rateLimit: { burst: 1_000_000, perSecond: 1_000_000, shared: false }, warmsPresets: true },
    {
      webhooks: { send: async () => ({ kind: 'answered', status: 200, body: 'ok', truncated: false }) },
      vulnerabilityMirror: {
        sources: ['https://mirror.example/tracker.json'],
        read: async () => ({ bytes: utf8(JSON.stringify(known)) }),
      },
    },
  );
  // What steps take from archives is what locks are made of.
  plane.agent.scripts.set('bootstrap', [{ taken: ['apt', 'bash'].map((name) => samplePackage(name)) }]);
  plane.agent.scripts.set('packages', [{ taken: [samplePackage('openssh-server')] }]);
  const { ports } = plane;
  await refreshData(ports);
  const causes: unknown[] = [];
  const log = { request: () => undefined, failure: (_: unknown, cause: unknown) => void causes.push(cause) };
  // As in production: answers are not checked by the engine itself.
  const handle = createRouter({ ports, operations, log });
  const front = await startHttpFront({ handle, maxBodyBytes: largestBodyBytes, ids: ports.ids });
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  return {
    plane,
    causes,
    tenant: async (name) => {
      const made = foundTenant(ports, { name, owner: { name: 'owner' }, keyName: 'owner' });
      await ports.table.transact(made.writes);
      const { tenantId } = made.tenant;
      const [main, second, viewer, scoped] = [
        await keyWith(ports, tenantId, ['operator']),
        await keyWith(ports, tenantId, ['operator']),
        await keyWith(ports, tenantId, ['viewer']),
        await keyWith(ports, tenantId, ['operator'], { scopes: ['builds:read'] }),
      ];
      const other = foundTenant(ports, { name: `${name} other`, owner: { name: 'owner' }, keyName: 'owner' });
      await ports.table.transact(other.writes);
      return {
        tenantId,
        credentials: {
          main: `Bearer ${main.text}`,
          second: `Bearer ${second.text}`,
          ticket: `Bearer ${ticket}`,
          others: [
            ...[viewer, scoped, other.key].map(({ text }) => `Bearer ${text}`),
            ...['', 'Bearer', 'Bearer  ', `Basic ${main.text}`, `Bearer ${main.text}x`, `bearer ${main.text}`],
            ...['Bearer lbk_x', 'Bearer a.b.c', `Bearer ${'x'.repeat(5_000)}`, '\u00fc'],
          ],
        },
        kept: [main, second].flatMap(({ record }) => [record.keyId, record.memberId]),
      };
    },
    plant: (tenantId, buildId) => plant(plane, tenantId, buildId),
    send: (request) => sendOver(agent, front.url, request),
    close: async () => {
      agent.destroy();
      await front.close();
      await plane.close();
    },
  };
}

async function wasForced(ports: Ports, buildId: string): Promise<boolean> {
  try {
    await forceState(ports, buildId, 'running');
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

const ticket = 'ticket-of-a-running-attempt';

async function plant({ ports }: ControlPlane, tenantId: string, buildId: string): Promise<void> {
  const steps = ['bootstrap'];
  // The engine is still at it, too.
  await until(() => wasForced(ports, buildId));
  await storeStage(ports, buildId, { id: 's1', state: 'running', steps, attempt: 1 });
  await storeAttempt(ports, buildId, { stage: 's1', number: 1, ticket, steps });
  for (const number of [1, 2, 3]) {
    const event = newEvent(ports, 'build.failed', tenantId, { buildId });
    const body = JSON.stringify({
      requestContext: { functionArn: 'arn:aws:lambda:r:1:function:plan-build', approximateInvokeCount: 3 },
      requestPayload: eventEnvelope(event),
      responsePayload: { errorMessage: 'no disk' },
    });
    await keepDeadLetters(ports, { Records: [{ messageId: `m-${number}-${event.id}`, body }] });
  }
}

function sendOver(
  agent: Agent,
  url: string,
  { method, target, headers, body }: Parameters<EngineUnderFuzz['send']>[0],
): Promise<FuzzAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = send(
      {
        ...{ agent, hostname, port, method, path: target },
        headers: {
          ...Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
          ),
          ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }),
        },
      },
      (incoming) => resolve(answerOf(incoming)),
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function answerOf(incoming: IncomingMessage): Promise<FuzzAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return {
    status: incoming.statusCode ?? 0,
    headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks).toString('utf8'),
  };
}
