import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createPluginInvoker, lambdaEndpoint } from '../../adapters/lambda/plugin-invoker.ts';
import { callOf } from './quickjs/plugin-calls.ts';

const running: Server[] = [];
afterEach(() => {
  for (const server of running.splice(0)) server.close();
});

/** What Lambda is asked, and answers. */
async function lambda(answer: { status?: number; headers?: Record<string, string>; body: string }) {
  const asked: { url: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    asked.push({ url: request.url ?? '', headers: request.headers, body });
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  });
  running.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const runner = createPluginInvoker({
    ...{ endpoint: `http://127.0.0.1:${address.port}`, region: 'eu-central-1', functionName: 'stack-run-plugin-1' },
    credentials: async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'x', sessionToken: 'y' }),
  });
  return { runner, asked };
}

const figures = {
  ...{ log: { lines: [], truncated: false }, fetches: [{ host: 'a.example', status: 200 }] },
  ...{ milliseconds: 80, cpuMilliseconds: 3, memoryBytes: 1 },
};
const never = new AbortController().signal;
const call = callOf('export const transformSpec = 1;');

describe('plugins in Lambda', () => {
  it('are run by one signed request, on machines of their tenant', async () => {
    const outcome = { ok: true, output: { spec: {} }, ...figures };
    const { runner, asked } = await lambda({ body: JSON.stringify(outcome) });
    expect(await runner.run(call, never)).toEqual(outcome);
    expect(asked.map(({ url }) => url)).toEqual(['/2015-03-31/functions/stack-run-plugin-1/invocations']);
    expect(asked[0]?.headers).toMatchObject({ 'x-amz-tenant-id': 'ten_1', 'x-amz-security-token': 'y' });
    expect(asked[0]?.headers.authorization).toMatch(
      /\/eu-central-1\/lambda\/aws4_request, SignedHeaders=[a-z0-9;-]*x-amz-tenant-id[a-z0-9;-]*, Signature=[0-9a-f]{64}$/,
    );
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual(call);
  });

  it('fail as they do anywhere', async () => {
    const outcome = { ok: false, code: 'plugin.threw', reason: 'no', ...figures };
    const { runner } = await lambda({ body: JSON.stringify(outcome) });
    expect(await runner.run(call, never)).toEqual(outcome);
    const large = { ...call, limits: { ...call.limits, inputBytes: 3 } };
    expect(await runner.run(large, never)).toMatchObject({ ok: false, code: 'plugin.input_too_large' });
  });

  it.each([
    ['is throttled', { status: 429, body: '{}' }],
    ['fails', { headers: { 'x-amz-function-error': 'Unhandled' }, body: '{"errorMessage":"hush"}' }],
    ['cannot begin the run', { body: '{"unavailable":true}' }],
    ['answers what it never does', { body: '{"ok":true}' }],
    ['names a failure that there is not', { body: JSON.stringify({ ok: false, code: 'x', reason: '', ...figures }) }],
  ])('are unavailable where the function %s', async (_, answer) => {
    const { runner } = await lambda(answer);
    await expect(runner.run(call, never)).rejects.toMatchObject({
      ...{ code: 'service.unavailable', detail: expect.not.stringContaining('hush') },
    });
  });

  it('end with who asked for them', async () => {
    const { runner } = await lambda({ body: '{}' });
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(runner.run(call, gone)).rejects.toThrow('gone');
  });

  it('are at an address by region and partition', () => {
    expect(lambdaEndpoint('eu-central-1')).toBe('https://lambda.eu-central-1.amazonaws.com');
    expect(lambdaEndpoint('cn-north-1')).toBe('https://lambda.cn-north-1.amazonaws.com.cn');
  });
});
