import { request as httpRequest } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { maxBodyBytes } from '../../../functions/shared/request-body.ts';
import { securityHeaders } from '../../../functions/shared/router.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec, exampleYaml } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';

/** What holds for every request: routes, methods, bodies, headers, request ids. */
export function describeRequests(api: () => ApiUnderTest): void {
  describe('requests', () => {
    let tenant: TenantUnderTest;
    beforeAll(async () => {
      tenant = await api().tenant('requests');
    });
    const validate = (body: string | Uint8Array<ArrayBuffer>, type?: string) =>
      call(`${api().url}/v1/specs/validate`, { key: tenant.keys.owner, body, ...(type === undefined ? {} : { type }) });

    it('answers health without a key', async () => {
      const answer = await call(`${api().url}/v1/health`);
      expect(answer.status).toBe(200);
      expect(answer.json()).toEqual({ status: 'ready' });
    });

    it('answers its own description', async () => {
      const answer = await call(`${api().url}/v1/openapi.json`);
      expect(answer.status).toBe(200);
      expect(answer.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'Linux Builder Engine' } });
    });

    it.each([
      ['/v1/health', undefined, 200],
      ['/v1/nothing', undefined, 404],
      ['/v1/builds', undefined, 401],
      ['/v1/builds/bld_missing', 'owner', 404],
    ] as const)('sends security headers and a request id with %s', async (path, role, status) => {
      const answer = await call(`${api().url}${path}`, role === undefined ? {} : { key: tenant.keys[role] });
      expect(answer.status).toBe(status);
      for (const [name, value] of Object.entries(securityHeaders)) expect(answer.headers.get(name)).toBe(value);
      expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9A-Z]{26}$/);
      if (status >= 400) {
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
        expect(problemOf(answer).requestId).toBe(answer.headers.get('x-request-id'));
      }
    });

    it.each(['/', '/v1', '/v1/builds/', '/v1/builds//logs', '/V1/builds', '/v1/builds/a/b/c', '/v1/builds/%ff'])(
      'knows no operation at %s',
      async (path) => {
        const answer = await call(`${api().url}${path}`, { key: tenant.keys.owner });
        expect([answer.status, problemOf(answer).code]).toEqual([404, 'request.not_found']);
      },
    );

    it.each([
      ['DELETE', '/v1/builds', 'GET, POST'],
      ['PUT', '/v1/builds/bld_1', 'GET'],
      ['GET', '/v1/builds/bld_1/cancel', 'POST'],
      ['GET', '/api/build/start', 'POST'],
    ])('refuses %s %s and names the methods', async (method, path, allow) => {
      const answer = await call(`${api().url}${path}`, { method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
      expect(problemOf(answer).code).toBe('request.method_not_allowed');
    });

    it.each([
      ['no JSON', '{"a":', 'application/json', 400, 'request.unreadable'],
      ['no YAML', 'a: [', 'application/yaml', 400, 'request.unreadable'],
      ['a repeated YAML key', 'a: 1\na: 2\n', 'application/yaml', 400, 'request.unreadable'],
      ['a YAML alias', 'a: &x [1]\nb: *x\n', 'application/yaml', 400, 'request.unreadable'],
      ['a YAML circle', '&x [*x]\n', 'application/yaml', 400, 'request.unreadable'],
      ['a YAML tag', 'a: !!js/function "x"\n', 'application/yaml', 400, 'request.unreadable'],
      ['two YAML documents', 'a: 1\n---\nb: 1\n', 'application/yaml', 400, 'request.unreadable'],
      ['a form', 'a=1', 'application/x-www-form-urlencoded', 415, 'request.media_type'],
      ['another charset', '{}', 'application/json; charset=latin1', 415, 'request.media_type'],
      ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'application/json', 400, 'request.unreadable'],
      ['too many bytes', `"${'x'.repeat(maxBodyBytes)}"`, 'application/json', 413, 'request.too_large'],
      ['too deep a nesting', '['.repeat(100_000), 'application/yaml', 400, 'request.unreadable'],
    ] as const)('refuses a body with %s', async (_name, body, type, status, code) => {
      const answer = await validate(body, type);
      expect([answer.status, problemOf(answer).code]).toEqual([status, code]);
    });

    it('takes JSON and YAML alike', async () => {
      const json = await validate(JSON.stringify(exampleSpec));
      const yaml = await validate(exampleYaml, 'application/yaml; charset=utf-8');
      expect(json.json()).toMatchObject({ valid: true, errors: [] });
      expect(yaml.text).toBe(json.text);
    });

    it('names all that is wrong with params, query and body at once', async () => {
      const answer = await call(`${api().url}/v1/builds/a%20b/logs?waitSeconds=21&nothing=1&stage=..%2Fx`, {
        key: tenant.keys.owner,
      });
      expect([answer.status, problemOf(answer).code]).toEqual([400, 'request.invalid']);
      expect(
        problemOf(answer)
          .errors.map(({ path }) => path)
          .sort(),
      ).toEqual(['path.id', 'query.nothing', 'query.stage', 'query.waitSeconds']);
    });

    it('refuses a body where none belongs', async () => {
      const answer = await call(`${api().url}/v1/builds/bld_1/cancel`, { key: tenant.keys.owner, body: '{}' });
      expect([answer.status, problemOf(answer).errors[0]?.code]).toEqual([400, 'body.unexpected']);
    });

    it('logs ids and outcome, and neither keys nor queries', async () => {
      const before = api().entries.length;
      await call(`${api().url}/v1/builds?limit=3&cursor=secret-cursor`, { key: tenant.keys.viewer });
      const entries = api().entries.slice(before);
      expect(entries).toEqual([
        expect.objectContaining({
          operation: 'listBuilds',
          status: 400,
          tenantId: tenant.tenantId,
          code: 'cursor.invalid',
        }),
      ]);
      expect(JSON.stringify(entries)).not.toMatch(/secret-cursor|lbk_/);
    });

    it('answers a request line that is none', async () => {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const { port } = new URL(api().url);
        httpRequest({ host: '127.0.0.1', port, path: '//[', method: 'GET' }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect(status).toBe(400);
    });
  });
}
