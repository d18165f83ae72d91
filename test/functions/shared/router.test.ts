import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { createIds } from '../../../adapters/system/ids.ts';
import { EngineError } from '../../../core/errors.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { ConditionFailed } from '../../../core/ports/table.ts';
import {
  defineOperation,
  type HttpRequest,
  type Operation,
  type OperationResult,
} from '../../../functions/shared/operation.ts';
import { createRouteTable } from '../../../functions/shared/route-table.ts';
import { createRouter, type RequestEntry } from '../../../functions/shared/router.ts';
import { problem } from '../api/http-call.ts';

const clock = createSystemClock();

function refuse(): never {
  throw new Error('not used here');
}

const ports: Ports = {
  installation: {
    apiUrl: 'http://127.0.0.1',
    toolchain: 'test',
    mode: 'contained',
    architectures: ['amd64'],
    outputs: ['iso'],
    cursorSecret: 'x'.repeat(43),
    concurrentBuilds: 1,
    concurrentBuildsPerTenant: 1,
    stagesPerBuild: 10,
    spot: false,
    cacheLimitBytes: 1,
    warmsPresets: false,
  },
  table: { get: refuse, query: refuse, transact: refuse },
  blobs: {
    head: refuse,
    get: refuse,
    put: refuse,
    copy: refuse,
    delete: refuse,
    list: refuse,
    signGet: refuse,
    signPut: refuse,
    startParts: refuse,
    signPart: refuse,
    completeParts: refuse,
    abortParts: refuse,
  },
  flow: { start: refuse, stop: refuse, status: refuse, sendTaskSuccess: refuse },
  tasks: { stop: refuse, running: refuse },
  bus: { publish: refuse },
  archive: { state: refuse, extra: refuse, places: refuse },
  packages: { gone: refuse },
  signer: { key: refuse, sign: refuse },
  vault: { seal: refuse, open: refuse },
  webhooks: { send: refuse },
  clock,
  ids: createIds(clock),
};

function operation(path: string, answer: () => Promise<OperationResult<unknown>>, id = path): Operation {
  return defineOperation({
    id,
    method: 'GET',
    path,
    summary: id,
    access: { kind: 'public' },
    params: z.looseObject({}),
    query: z.strictObject({}),
    body: undefined,
    response: z.strictObject({ ok: z.boolean() }).or(z.null()),
    status: 200,
    errors: [],
    async handle() {
      const { body, ...rest } = await answer();
      return { ...rest, body: z.any().parse(body) };
    },
  });
}

async function ask(answer: () => Promise<OperationResult<unknown>>, validateResponses = true) {
  const failures: { entry: RequestEntry; cause: unknown }[] = [];
  const route = createRouter({
    ports,
    operations: [operation('/x', answer)],
    log: { request: () => undefined, failure: (entry, cause) => void failures.push({ entry, cause }) },
    validateResponses,
  });
  const request: HttpRequest = {
    method: 'GET',
    path: '/x',
    query: {},
    headers: {},
    body: new Uint8Array(),
    signal: AbortSignal.timeout(5_000),
  };
  return { response: await route(request), failures };
}

describe('the router', () => {
  it('answers an unknown failure without its details, which only the log gets', async () => {
    const cause = new Error('password=hunter2 at /srv/secret');
    const { response, failures } = await ask(() => Promise.reject(cause));
    expect(response.status).toBe(500);
    expect(response.body).not.toMatch(/hunter2|secret|Error/);
    const body = problem.parse(JSON.parse(response.body));
    expect(body).toMatchObject({ code: 'internal.error', type: 'urn:linux-builder-engine:problem:internal.error' });
    expect(failures).toEqual([{ entry: expect.objectContaining({ requestId: body.requestId, status: 500 }), cause }]);
  });

  it('answers a lost race as a conflict', async () => {
    const { response } = await ask(() => Promise.reject(new ConditionFailed([0])));
    expect([response.status, problem.parse(JSON.parse(response.body)).code]).toEqual([409, 'resource.conflict']);
  });

  it.each([
    [undefined, '5'],
    [12.2, '13'],
    [0, '1'],
  ])('says when to try again (%s s)', async (retryAfterSeconds, header) => {
    const error = new EngineError(
      'service.unavailable',
      'busy',
      retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    );
    const { response } = await ask(() => Promise.reject(error));
    expect([response.status, response.headers['retry-after']]).toEqual([503, header]);
  });

  it.each([
    { location: 'http://a/\r\nset-cookie: x=1' },
    { location: 'http://a/\n' },
    { 'x-name\r\n': 'x' },
    { 'x-name': 'caf\u00e9\u0000' },
  ])('never sends a header that breaks out of its line: %j', async (headers) => {
    const { response, failures } = await ask(() => Promise.resolve({ headers, body: { ok: true } }));
    expect(response.status).toBe(500);
    expect(JSON.stringify(response.headers)).not.toMatch(/set-cookie|\\r|\\n/);
    expect(failures).toHaveLength(1);
  });

  it('sends nothing but printable ASCII in a header, whatever is put into one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('location', 'content-disposition', 'x-name'),
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom('a', ' ', '\r', '\n', '\t', '\u0000', '\u007f', '\u0085', '\u2028', ':') }),
        ),
        async (name, value) => {
          const { response } = await ask(() => Promise.resolve({ headers: { [name]: value }, body: { ok: true } }));
          const clean = /^[\x20-\x7e]*$/.test(value);
          expect([response.status, response.headers[name]]).toEqual(clean ? [200, value] : [500, undefined]);
          for (const sent of Object.values(response.headers)) expect(sent).toMatch(/^[\x20-\x7e]*$/);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('lets no operation weaken the security headers', async () => {
    const headers = { 'cache-control': 'public', 'content-security-policy': '*' };
    const { response } = await ask(() => Promise.resolve({ headers, body: { ok: true } }));
    expect(response.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
  });

  it('checks answers against their schema where it is told to', async () => {
    const answer = () => Promise.resolve({ body: { ok: true, secret: 1 } });
    expect((await ask(answer, true)).response.status).toBe(500);
    expect((await ask(answer, false)).response.status).toBe(200);
  });

  it('sends no body and no content type for null', async () => {
    const { response } = await ask(() => Promise.resolve({ status: 204, body: null }));
    expect([response.status, response.body, response.headers['content-type']]).toEqual([204, '', undefined]);
  });
});

describe('the table of routes', () => {
  const at = (path: string, id: string) => operation(path, refuse, id);

  it('prefers a literal path to one with parameters, in any order', () => {
    const table = createRouteTable([at('/v1/a/{id}', 'one'), at('/v1/a/list', 'list')]);
    expect(table.match('GET', '/v1/a/list')).toMatchObject({ kind: 'found', operation: { id: 'list' }, params: {} });
    expect(table.match('GET', '/v1/a/b%2Fc')).toMatchObject({ operation: { id: 'one' }, params: { id: 'b/c' } });
  });

  it('takes a verb after a parameter', () => {
    const table = createRouteTable([at('/v1/a/{id}/b/{n}:exchange', 'verb')]);
    expect(table.match('GET', '/v1/a/x.y/b/7:exchange')).toMatchObject({ params: { id: 'x.y', n: '7' } });
    expect(table.match('GET', '/v1/a/x.y/b/7:other').kind).toBe('none');
    expect(table.match('GET', '/v1/a/x:y/b/7:exchange').kind).toBe('none');
  });

  it('takes a dot for a dot', () => {
    expect(createRouteTable([at('/v1/openapi.json', 'x')]).match('GET', '/v1/openapi-json').kind).toBe('none');
  });

  it.each([
    [[at('/a', 'same'), at('/b', 'same')], 'two operations are called same'],
    [[at('/a/{id}', 'one'), at('/a/{name}', 'two')], 'two operations are at GET /a/{}'],
  ])('refuses operations that clash', (clashing, message) => {
    expect(() => createRouteTable(clashing)).toThrow(message);
  });
});
