import { writeFileSync } from 'node:fs';
import { Random } from '../../bench/simulation/random.ts';
import { type DescribedOperation, describedOperations } from './described-operations.ts';
import { openEngineUnderFuzz } from './engine-under-fuzz.ts';
import { laterRequests } from './first-requests.ts';
import { askFirst, firstOf, plain } from './first-round.ts';
import type { FuzzAnswer } from './judge.ts';
import { Pool } from './pool.ts';
import { type FuzzRequest, resourceBefore } from './requests.ts';
import { type Json, json } from './values.ts';

/**
 * Records the examples of the OpenAPI document: what the engine really answers to requests that go well, one of each
 * operation that can be asked so. Run it where an operation is new: `npm run record-examples`, then
 * `npm run generate`.
 */
const file = new URL('../../functions/shared/openapi/generated/examples.json', import.meta.url);
const operations = describedOperations();
const examples: Record<string, { request?: Json; response?: Json }> = {};
const engine = await openEngineUnderFuzz();
const tenant = await engine.tenant('Example');
const pool = new Pool(tenant.kept);
const random = new Random(1);
pool.learn({ tenantId: tenant.tenantId }, 'tenants');

let lock: Json | undefined;
const ask = async (request: FuzzRequest): Promise<FuzzAnswer> => {
  const answer = await engine.send(request);
  const { operation, sent } = request;
  if (answer.status >= 300 || !(answer.headers['content-type'] ?? '').startsWith('application/json')) return answer;
  const body: Json = JSON.parse(answer.body);
  pool.learn(body, resourceBefore(operation.path));
  if (operation.id === 'readBuildLock') lock = body;
  for (const [name, value] of Object.entries(request.pathValues ?? {})) {
    pool.learn(value, resourceBefore(operation.path, name), name);
  }
  if (operation.id !== 'readOpenapi') {
    const takes = operation.answers.get(answer.status)?.bodies.get('application/json');
    const response = [shown(shortened(body)), shown(body)].find((one) => takes?.(one) === true);
    const most = response !== undefined && JSON.stringify(response).length < 6_000 ? { response } : {};
    examples[operation.id] ??= { ...(sent === undefined ? {} : { request: shown(sent) }), ...most };
  }
  return answer;
};

/** Lists of two entries at most, and texts of a few lines: an example is to be read. */
function shortened(value: Json): Json {
  if (typeof value === 'string') return value.length > 600 ? `${value.slice(0, 600)}…` : value;
  if (Array.isArray(value)) return value.slice(0, 2).map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 30)
      .map(([name, content]) => [name, shortened(content)]),
  );
}

/** Without what was good for this run alone: addresses of loopback, and secrets. */
function shown(value: Json): Json {
  const text = JSON.stringify(value)
    .replaceAll(/http:\/\/127\.0\.0\.1(?::\d+)?/g, 'https://engine.example')
    .replaceAll(/(lbk_[0-9A-Z]{26}_)[\w-]+/g, '$1EXAMPLE')
    .replaceAll(/whsec_[\w+/=-]+/g, `whsec_${'A'.repeat(43)}=`)
    .replaceAll(/(X-Amz-(?:Signature|Credential)=)[^&"]+/g, '$1EXAMPLE');
  return json(JSON.parse(text));
}

/** Asks an operation with what is known of its parameters, and no query or body. */
async function askPlainly(operation: DescribedOperation): Promise<void> {
  const parameters: Record<string, string> = {};
  for (const { name, in: where } of operation.parameters) {
    if (where !== 'path') continue;
    for (let tries = 0; tries < 40; tries += 1) {
      parameters[name] = pool.ofResource(resourceBefore(operation.path, name), name, random) ?? 'none';
      const answer = await ask(plain(operation, tenant, parameters, undefined));
      if (answer.status < 300) return;
    }
  }
  if (Object.keys(parameters).length === 0) await ask(plain(operation, tenant, parameters, undefined));
}

const found = await askFirst(engine, tenant, operations, pool, ask);
const gentle = operations.filter(({ method }) => method === 'GET');
const others = operations.filter(
  ({ method, body, id }) => method !== 'GET' && body?.required !== true && id !== 'revokeKey',
);
for (const operation of gentle) {
  if (examples[operation.id] === undefined && operation.security !== 'ticket') await askPlainly(operation);
}
const uploadLock = operations.find(({ id }) => id === 'uploadLock');
if (uploadLock !== undefined && lock !== undefined) await ask(plain(uploadLock, tenant, {}, lock));
for (const later of laterRequests) {
  const answer = await ask(firstOf(later, operations, tenant, found));
  if (answer.status >= 400) console.log(`${later.operation} answers ${answer.status} ${answer.body}`);
}
for (const operation of others) {
  if (examples[operation.id] === undefined && operation.security !== 'ticket') await askPlainly(operation);
}
await engine.close();
const sorted = Object.fromEntries(Object.entries(examples).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
console.log(`${Object.keys(sorted).length} of ${operations.length} operations`);
console.log(
  'without:',
  operations
    .filter(({ id }) => sorted[id] === undefined)
    .map(({ id }) => id)
    .join(' '),
);
process.exit(0);
