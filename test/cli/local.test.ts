import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { credentialsSchema } from '../../cli/connection.ts';
import { exampleYaml } from '../functions/api/example-spec.ts';
import { fileIn, runCli } from './engine-under-test.ts';

let cwd: string;
let options: string[];
beforeAll(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'lbuild-local-'));
  // An engine reads of its builder root only the digest until a build needs the tools.
  await mkdir(path.join(cwd, 'root'));
  await fileIn(path.join(cwd, 'root'), 'toolchain.json', JSON.stringify({ digest: '0'.repeat(64) }));
  await fileIn(cwd, 'spec.yaml', exampleYaml);
  options = ['--builder-root', 'root', '--package-cache', 'packages', '--archive', 'http://127.0.0.1:9/debian'];
});
afterAll(async () => {
  await run('local', 'down');
  await rm(cwd, { recursive: true, force: true });
});
const run = (...args: string[]) => runCli(args, { cwd });
const engineSchema = z.object({ pid: z.number(), url: z.url(), started: z.boolean() });

/** A process that has ended but that nobody has waited for has no command line any more. */
function runs(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
}

it('starts one engine a folder, keeps what it stored, and ends it', { timeout: 180_000 }, async () => {
  const up = await run('local', 'up', '--json', ...options);
  expect([up.code, up.err]).toEqual([0, '']);
  const engine = engineSchema.parse(JSON.parse(up.out));
  expect(engine.started).toBe(true);
  expect(new URL(engine.url).hostname).toBe('127.0.0.1');
  expect((await stat(path.join(cwd, '.lbuild/credentials.json'))).mode & 0o777).toBe(0o600);

  const again = engineSchema.parse(JSON.parse((await run('local', 'up', '--json', ...options)).out));
  expect(again).toMatchObject({ pid: engine.pid, started: false });
  expect((await run('local', 'status')).code).toBe(0);

  const started = await run('start', 'spec.yaml', '--json');
  expect(started.code).toBe(0);
  const { id } = z.looseObject({ id: z.string() }).parse(JSON.parse(started.out));

  expect((await run('local', 'down')).code).toBe(0);
  expect(runs(engine.pid)).toBe(false);
  expect((await run('list')).code).toBe(6);

  const proxy = ['--proxy', 'http://127.0.0.1:9', '--proxy-bypass', 'internal.example,127.0.0.1'];
  const next = engineSchema.parse(JSON.parse((await run('local', 'up', '--json', ...options, ...proxy)).out));
  expect(next.pid).not.toBe(engine.pid);
  expect((await run('status', id)).code).toBe(0);
  const metrics = await (await fetch(`${next.url}/metrics`)).text();
  expect(metrics).toMatch(/^lbuild_http_requests_total\{operation="readBuild",status="2xx"\} \d+$/m);
  expect(metrics).toMatch(/^lbuild_function_calls_total\{function="planBuild",outcome="ok"\} \d+$/m);
  const tooEarly = await run('local', 'backup', 'copy', '--json');
  expect([tooEarly.code, tooEarly.out]).toEqual([7, expect.stringContaining('backup.engine_runs')]);
  expect((await run('local', 'down')).code).toBe(0);
  expect(runs(next.pid)).toBe(false);

  expect((await run('local', 'backup', 'copy')).code).toBe(0);
  const restored = await run('local', 'restore', 'copy', '--dir', 'restored');
  expect([restored.code, restored.err]).toEqual([0, '']);
  expect((await run('local', 'up', '--dir', 'restored', '--json', ...options)).code).toBe(0);
  const { url, apiKey } = credentialsSchema.parse(
    JSON.parse(await readFile(path.join(cwd, 'restored/credentials.json'), 'utf8')),
  );
  expect((await run('status', id, '--url', url, '--api-key', apiKey)).code).toBe(0);
  expect((await run('local', 'down', '--dir', 'restored')).code).toBe(0);
});

it('shows the last words of an engine that does not start', { timeout: 60_000 }, async () => {
  const { code, err } = await run('local', 'up', '--dir', 'other', '--builder-root', 'nowhere');
  expect([code, err]).toEqual([7, expect.stringContaining('There is no builder root')]);
  expect(await readFile(path.join(cwd, 'other/engine.log'), 'utf8')).toContain('configuration.invalid');
});
