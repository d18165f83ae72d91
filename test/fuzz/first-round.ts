import { z } from 'zod';
import type { DescribedOperation } from './described-operations.ts';
import type { EngineUnderFuzz, TenantUnderFuzz } from './engine-under-fuzz.ts';
import { type FirstRequest, type Found, firstRequests } from './first-requests.ts';
import type { FuzzAnswer } from './judge.ts';
import type { Pool } from './pool.ts';
import type { FuzzRequest } from './requests.ts';
import { type Json, json } from './values.ts';

/** Sends a request, and answers what came. */
export type Ask = (request: FuzzRequest) => Promise<FuzzAnswer>;

/** Sends the first requests. @throws Error where one does not go well: the fuzzer would ask of nothing that is there */
export async function askFirst(
  engine: EngineUnderFuzz,
  tenant: TenantUnderFuzz,
  operations: readonly DescribedOperation[],
  pool: Pool,
  ask: Ask,
): Promise<Found> {
  const answers = new Map<string, unknown>();
  const found: Found = (operation, ...members) => {
    let value = answers.get(operation);
    for (const member of members) value = Object.entries(Object(value)).find(([name]) => name === member)?.[1];
    return z.string().parse(value);
  };
  for (const first of firstRequests) {
    const answer = await ask(firstOf(first, operations, tenant, found));
    if (answer.status >= 300) throw new Error(`${first.operation} answers ${answer.status} ${answer.body}`);
    if (!answers.has(first.operation))
      answers.set(first.operation, answer.body === '' ? null : JSON.parse(answer.body));
    if (first.plants === true) {
      const { id } = z.object({ id: z.string() }).parse(JSON.parse(answer.body));
      await engine.plant(tenant.tenantId, id);
      pool.learn(`${id}.s1`, 'stages', 'id');
      pool.learn(1, 'attempts', 'n');
      answers.set('planted', { id: `${id}.s1` });
    }
    if (first.ends === true) await engine.plane.ended(found('startBuild', 'id'));
  }
  return found;
}

/** The request that goes well, of what was found before it. */
export function firstOf(
  first: FirstRequest,
  operations: readonly DescribedOperation[],
  tenant: TenantUnderFuzz,
  found: Found,
): FuzzRequest {
  const operation = operations.find(({ id }) => id === first.operation);
  if (operation === undefined) throw new Error(`the document has no operation ${first.operation}`);
  const sent = first.body === undefined ? undefined : json(first.body(found));
  const request = plain(operation, tenant, first.parameters?.(found) ?? {}, sent);
  const query = first.query === undefined ? '' : `?${new URLSearchParams(first.query(found))}`;
  const authorization = tenant.credentials[first.key ?? 'main'];
  return { ...request, target: `${request.target}${query}`, headers: { ...request.headers, authorization } };
}

/** A request that is right. */
export function plain(
  operation: DescribedOperation,
  tenant: TenantUnderFuzz,
  parameters: Readonly<Record<string, string>>,
  sent: Json | undefined,
): FuzzRequest {
  const target = operation.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(parameters[name] ?? ''),
  );
  return {
    ...{ operation, target, method: operation.method, sent, refused: undefined, misses: false, pathValues: parameters },
    headers: {
      authorization: tenant.credentials.main,
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: sent === undefined ? undefined : new TextEncoder().encode(JSON.stringify(sent)),
  };
}
