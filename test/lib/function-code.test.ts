import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunctions, functionEntries } from '../../lib/function-code.ts';

const outdir = mkdtempSync(join(tmpdir(), 'lbuild-bundle-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

/** Calls each bundled handler as Lambda does, without any environment, in one process that holds nothing else. */
const program = `
for (const [entry, file] of Object.entries(JSON.parse(process.argv[1]))) {
  const mark = () => { process.stdout.write('\\n@@' + entry + '\\n'); process.stderr.write('\\n@@' + entry + '\\n'); };
  const { handler } = await import(file);
  mark();
  const event = { rawPath: '/v1/health', rawQueryString: '', headers: {}, isBase64Encoded: false,
    requestContext: { requestId: 'r', http: { method: 'GET', sourceIp: '192.0.2.1' } } };
  const context = { awsRequestId: 'request-1', functionName: 'bundled', memoryLimitInMB: '1024',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:bundled',
    getRemainingTimeInMillis: () => 3000 };
  const outcome = await handler(event, context).catch((error) => ({ thrown: error.code }));
  process.stdout.write('\\nOUTCOME ' + JSON.stringify(outcome) + '\\n');
}
`;

/** What the calls wrote, by entry. */
const written = new Map<string, string>();
beforeAll(() => {
  bundleFunctions(outdir);
  const files = functionEntries.map((entry) => [
    entry,
    pathToFileURL(join(outdir, entry.replace(/\.ts$/, '.mjs'))).href,
  ]);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program, JSON.stringify(Object.fromEntries(files))],
    { encoding: 'utf8', env: { POWERTOOLS_SERVICE_NAME: 'test', POWERTOOLS_METRICS_NAMESPACE: 'test' } },
  );
  expect({ status, stderr }).toMatchObject({ status: 0 });
  for (const part of `${stdout}${stderr}`.split('\n@@').slice(1)) {
    const [entry = '', ...lines] = part.split('\n');
    written.set(entry, `${written.get(entry) ?? ''}${lines.join('\n')}\n`);
  }
});

describe.each(functionEntries)('the bundle of %s', (entry) => {
  it('exports a handler that carries the middleware: a failed start is logged with the request’s id, and metered', () => {
    const text = written.get(entry) ?? '';
    expect(text).toContain('"function_request_id":"request-1"');
    expect(text).toContain('The environment is not complete: AWS_REGION, LBUILD_API_URL');
    const metric = entry.startsWith('functions/api/')
      ? '"operation":"none","status":"5xx","lbuild_http_requests_total":1'
      : '"outcome":"failed","lbuild_function_calls_total":1';
    expect(text).toContain(metric);
    const outcome = /^OUTCOME (.*)$/m.exec(text)?.[1] ?? '';
    if (entry.startsWith('functions/api/')) {
      expect(outcome).toContain('"statusCode":500');
      expect(outcome).toContain('internal.error');
      expect(outcome).not.toContain('LBUILD_');
    } else {
      expect(outcome).toBe('{"thrown":"configuration.invalid"}');
    }
  });
});
