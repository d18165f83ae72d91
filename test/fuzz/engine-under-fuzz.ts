import { Agent, type IncomingMessage, request as send } from 'node:http';
import { foundTenant } from '../../core/access/found-tenant.ts';
import { operations } from '../../functions/api/operations.ts';
import { largestBodyBytes } from '../../functions/shared/request-body.ts';
import { createRouter } from '../../functions/shared/router.ts';
import { startHttpFront } from '../../local/http/front.ts';
import { samplePackage } from '../core/lock/lock-samples.ts';
import { archive } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, openControlPlane } from '../support/control-plane.ts';
import { keyWith } from '../support/members.ts';
import type { FuzzAnswer } from './judge.ts';
import type { Credentials, FuzzRequest } from './requests.ts';

/** The engine whose answers are judged: real, over real HTTP, but for its builders, its archive and others' servers. */
export interface EngineUnderFuzz {
  readonly plane: ControlPlane;
  /** What each answer of 500 and above came from, in order. */
  readonly causes: readonly unknown[];
  tenant(name: string): Promise<TenantUnderFuzz>;
  send(request: Pick<FuzzRequest, 'method' | 'target' | 'headers' | 'body'>): Promise<FuzzAnswer>;
  close(): Promise<void>;
}

export interface TenantUnderFuzz {
  readonly tenantId: string;
  readonly credentials: Credentials;
  /** Ids that no request may name, or the tenant's own operator would be gone. */
  readonly kept: readonly string[];
}

export async function openEngineUnderFuzz(): Promise<EngineUnderFuzz> {
  const plane = await openControlPlane(
    archive,
    // A limit that is never met, so that answers have the headers of one.
    { rateLimit: { burst: 1_000_000, perSecond: 1_000_000, shared: false }, warmsPresets: true },
    { webhooks: { send: async () => ({ kind: 'answered', status: 200, body: 'ok', truncated: false }) } },
  );
  // What steps take from archives is what locks are made of.
  plane.agent.scripts.set('bootstrap', [{ taken: ['apt', 'bash'].map((name) => samplePackage(name)) }]);
  plane.agent.scripts.set('packages', [{ taken: [samplePackage('openssh-server')] }]);
  const { ports } = plane;
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
      const [main, viewer, scoped] = [
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
          others: [
            ...[viewer, scoped, other.key].map(({ text }) => `Bearer ${text}`),
            ...['', 'Bearer', 'Bearer  ', `Basic ${main.text}`, `Bearer ${main.text}x`, `bearer ${main.text}`],
            ...['Bearer lbk_x', 'Bearer a.b.c', `Bearer ${'x'.repeat(5_000)}`, '\u00fc'],
          ],
        },
        kept: [main.record.keyId, main.record.memberId],
      };
    },
    send: (request) => sendOver(agent, front.url, request),
    close: async () => {
      agent.destroy();
      await front.close();
      await plane.close();
    },
  };
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
