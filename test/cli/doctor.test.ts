import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { onLoopback } from '../support/loopback.ts';
import { openServiceQuotas } from '../support/service-quotas.ts';
import { type CliUnderTest, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const doctor = async (environment?: NodeJS.ProcessEnv, ...args: readonly string[]) => {
  const run = await cli.run(['doctor', '--json', ...args], environment === undefined ? {} : { environment });
  return { code: run.code, document: JSON.parse(run.out) };
};
const states = (checks: readonly { readonly name: string; readonly state: string }[]) =>
  checks.map(({ name, state }) => `${name} ${state}`);

it('says that all is well, and from where the engine is known', async () => {
  const { code, document } = await doctor();
  expect([code, states(document.checks)]).toEqual([0, ['node ok', 'connection ok', 'engine ok', 'clock ok', 'key ok']]);
  expect(document.checks[1].detail).toBe(`${cli.api.url}, from LBUILD_URL`);
  const told = await cli.run(['doctor']);
  expect(told.out).toMatch(/^ok {7}key {9}owner of cli, with \d+ permissions$/m);
});

it('warns of a key that starts no builds, and fails with one that is none', async () => {
  const viewer = { LBUILD_URL: cli.api.url, LBUILD_API_KEY: cli.tenant.keys.viewer };
  expect(await doctor(viewer)).toMatchObject({ code: 0, document: { checks: [{}, {}, {}, {}, { state: 'warning' }] } });
  const nobody = await doctor({ ...viewer, LBUILD_API_KEY: `lbk_${'0'.repeat(26)}_${'x'.repeat(43)}` });
  expect(nobody.code).toBe(7);
  expect(nobody.document.checks.at(-1)).toMatchObject({
    ...{ name: 'key', state: 'failed' },
    detail: expect.stringContaining('access.unauthenticated'),
  });
});

it('tells an engine that does not answer from something that is none, and a clock that is wrong', async () => {
  const gone = await doctor({ LBUILD_URL: 'http://127.0.0.1:1', LBUILD_API_KEY: 'x' });
  expect([gone.code, states(gone.document.checks)]).toEqual([7, ['node ok', 'connection ok', 'engine failed']]);
  const server = createServer((request, response) => {
    if (request.url === '/v1/health/live') response.setHeader('date', 'Mon, 01 Jan 2024 00:00:00 GMT').end();
    else response.writeHead(404).end();
  });
  const { url, close } = await onLoopback(server);
  const late = await doctor({ LBUILD_URL: url, LBUILD_API_KEY: 'x' });
  const other = await doctor({ LBUILD_URL: `${url}/else`, LBUILD_API_KEY: 'x' });
  await close();
  expect(late.document.checks[3]).toMatchObject({ name: 'clock', state: 'warning' });
  expect(other.document.checks.at(-1)).toMatchObject({ name: 'engine', detail: 'answers 404, as no engine does' });
});

it('says how many builds an AWS account bears', async () => {
  const account = async (vcpus: number) => {
    const quotas = await openServiceQuotas({ 'L-B99A9384': 40, 'L-3032A538': vcpus });
    const environment = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_REGION: 'us-east-1' };
    const run = await cli.run(['doctor', '--aws'], {
      environment: { ...environment, AWS_ENDPOINT_URL_SERVICE_QUOTAS: quotas.url },
    });
    await quotas.close();
    return run;
  };
  const small = await account(6);
  expect([small.code, small.out]).toEqual([0, expect.stringMatching(/builds at once: +3 [\s\S]*low: fargateVcpus/)]);
  // Lambda lets nothing be reserved of so little.
  expect(small.out).not.toContain('concurrentPlugins');
  const none = await account(1);
  expect([none.code, none.err]).toEqual([7, expect.stringContaining('aws.quota_too_low')]);
});
