import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LogLine } from '../../core/builds/manifest.ts';
import { sha256 } from '../../core/digest.ts';
import { exampleYaml, startExample } from '../functions/api/example-spec.ts';
import { call } from '../functions/api/http-call.ts';
import { forceState, storeArtifact, storeLog, storeStage } from '../functions/api/stored-build.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let spec: string;
beforeAll(async () => {
  cli = await openCli();
  spec = await fileIn(cli.folder, 'spec.yaml', exampleYaml);
});
afterAll(() => cli?.close());

const withId = z.looseObject({ id: z.string() });
const withError = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    detail: z.string(),
    remedy: z.string(),
    errors: z.array(z.looseObject({ path: z.string() })),
  }),
});
const start = () => startExample(cli.api.url, cli.tenant.keys.owner);

describe('lbuild start', () => {
  it('starts a build and prints its id first', async () => {
    const { code, out, err } = await cli.run(['start', spec]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^bld_[0-9A-Z]{26} {2}submitted /);
  });

  it('prints one JSON document with the id', async () => {
    const { code, out } = await cli.run(['start', spec, '--json']);
    expect([code, withId.parse(JSON.parse(out)).id]).toEqual([0, expect.stringMatching(/^bld_/)]);
  });

  it('starts one build for one idempotency key', async () => {
    const once = () => cli.run(['start', spec, '--json', '--idempotency-key', 'one']);
    const ids = (await Promise.all([once(), once()])).map(({ out }) => withId.parse(JSON.parse(out)).id);
    expect(ids[0]).toBe(ids[1]);
  });

  it('names every error of a spec with its place and remedy, and exits 2', async () => {
    const wrong = await fileIn(
      cli.folder,
      'wrong.yaml',
      exampleYaml.replace('packages:', 'pakages:').replace('edge-web', 'No'),
    );
    const { code, out, err } = await cli.run(['start', wrong]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/error: The spec has 2 error\(s\)\. {2}\[spec\.invalid\]/);
    expect(err).toMatch(/wrong\.yaml:4:1: pakages: .*\[spec\.unknown_key\]\n.*pakages:.*\n.*\^\n {6}.*packages/);
    expect(err).toContain('wrong.yaml:2:1: name: ');
    const json = await cli.run(['start', wrong, '--json']);
    expect(json.err).toBe('');
    expect(withError.parse(JSON.parse(json.out)).error).toMatchObject({ code: 'spec.invalid', errors: [{}, {}] });
  });
});

describe('lbuild start --wait', () => {
  async function waitFor(state: 'succeeded' | 'failed' | 'cancelled', args: readonly string[] = []) {
    const shown = Promise.withResolvers<void>();
    const running = cli.run(['start', spec, '--wait', '--idempotency-key', state + args.join(), ...args], {
      watch: () => shown.resolve(),
    });
    const id = await latestBuild(state + args.join());
    await storeStage(cli.api.ports, id, { id: 's1', state: 'running', steps: ['bootstrap', 'site'], attempt: 1 });
    await forceState(cli.api.ports, id, 'running');
    // With --json nothing is shown, and whether the CLI saw the build run makes no difference to its answer.
    if (args.length === 0) await shown.promise;
    const failure = { code: 'script.failed', reason: 'exit 7', step: 'site', exitCode: 7, logTail: ['cc: not found'] };
    await forceState(cli.api.ports, id, state, state === 'failed' ? { failure } : {});
    return { id, ...(await running) };
  }
  /** The build that the CLI started: the service answers it to whoever repeats the same call. */
  async function latestBuild(key: string): Promise<string> {
    const answer = await call(`${cli.api.url}/v1/builds`, {
      key: cli.tenant.keys.owner,
      body: exampleYaml,
      type: 'application/yaml',
      headers: { 'idempotency-key': key },
    });
    return withId.parse(answer.json()).id;
  }

  it('shows progress as plain lines and exits 0 for a success', async () => {
    const { code, id, out, err } = await waitFor('succeeded');
    expect(code).toBe(0);
    expect(out).toContain(`${id}  succeeded`);
    expect(err).toMatch(/^\d+:\d\d {4}0 % {2}(submitted|running {2}s1 starting)$/m);
    expect(err).toMatch(/^\d+:\d\d {2}100 % {2}succeeded$/m);
    expect(err).not.toContain('\u001b');
  });

  it('shows why a build failed and exits 1', async () => {
    const { code, out } = await waitFor('failed');
    expect(code).toBe(1);
    expect(out).toContain('error: the build failed: exit 7  [script.failed]');
    expect(out).toContain('step site, exit code 7');
    expect(out).toContain('  | cc: not found');
    expect(out).toContain('Read the last log lines');
  });

  it('prints one JSON document and exits 5 for a cancelled build', async () => {
    const { code, id, out, err } = await waitFor('cancelled', ['--json']);
    expect([code, err]).toEqual([5, '']);
    expect(withId.parse(JSON.parse(out))).toMatchObject({ id, state: 'cancelled' });
  });

  it('ends with 130 when it is interrupted, and leaves the build', async () => {
    const { code, out, err } = await cli.run(['start', spec, '--wait'], {
      watch: (text, kill) => {
        if (text.includes('submitted')) kill('SIGINT');
      },
    });
    const id = out.split(' ')[0] ?? '';
    expect([code, err]).toEqual([130, expect.stringContaining(`the build ${id} goes on`)]);
    expect((await cli.run(['status', id, '--json'])).out).toContain('"submitted"');
  });
});

describe('lbuild with a build', () => {
  it('shows its stages and steps', async () => {
    const id = await start();
    await storeStage(cli.api.ports, id, { id: 's1', state: 'pending', steps: ['bootstrap'], attempt: 0 });
    const { code, out } = await cli.run(['status', id]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^${id} .*edge-web\n {2}0 %\n {2}s1 {2}pending\n {6}bootstrap +pending\n$`));
  });

  it('prints its log, so far and to the end', async () => {
    const id = await start();
    await storeStage(cli.api.ports, id, { id: 's1', state: 'running', steps: ['x'], attempt: 1 });
    const hello: LogLine = { at: 61_000, step: 'x', stream: 'out', text: 'hello' };
    await storeLog(cli.api.ports, id, 's1', 1, [hello]);
    expect((await cli.run(['logs', id])).out).toBe('s1    1:01 x: hello\n');
    const following = cli.run(['logs', id, '-f', '--json']);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await storeLog(cli.api.ports, id, 's1', 1, [hello, { ...hello, text: 'bye' }]);
    await storeStage(cli.api.ports, id, { id: 's1', state: 'succeeded', steps: ['x'], attempt: 1 });
    await forceState(cli.api.ports, id, 'succeeded');
    expect(JSON.parse((await following).out)).toMatchObject({ id, lines: [{ text: 'hello' }, { text: 'bye' }] });
  });

  it('downloads what it made and verifies it', async () => {
    const id = await start();
    await storeArtifact(cli.api.ports, cli.tenant.tenantId, id, 'a.tar.zst', 'bytes of a');
    await storeArtifact(cli.api.ports, cli.tenant.tenantId, id, 'b.tar.zst', 'bytes of b');
    const to = path.join(cli.folder, 'out/deep');
    const { code, out } = await cli.run(['download', id, '--to', to, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      id,
      files: ['a', 'b'].map((name) => ({
        name: `${name}.tar.zst`,
        path: path.join(to, `${name}.tar.zst`),
        size: 10,
        sha256: sha256(`bytes of ${name}`),
      })),
    });
    expect((await readdir(to)).sort()).toEqual(['a.tar.zst', 'b.tar.zst']);
    expect(await readFile(path.join(to, 'a.tar.zst'), 'utf8')).toBe('bytes of a');
  });

  it('exits 3 where there is nothing to download', async () => {
    const id = await start();
    expect((await cli.run(['download', id, '--to', cli.folder])).code).toBe(3);
    await storeArtifact(cli.api.ports, cli.tenant.tenantId, id, 'a.tar.zst', 'x');
    const { code, err } = await cli.run(['download', id, '--to', cli.folder, '--name', '../../x']);
    expect([code, err]).toEqual([3, expect.stringContaining('artifact.not_found')]);
  });

  it('cancels it', async () => {
    const id = await start();
    const { code, out } = await cli.run(['cancel', id]);
    expect([code, out]).toEqual([0, expect.stringContaining('(cancelling)')]);
    await forceState(cli.api.ports, id, 'cancelled');
    expect((await cli.run(['status', id, '--wait'])).code).toBe(5);
  });

  it('lists builds, newest first', async () => {
    const id = await start();
    expect((await cli.run(['list', '--limit', '1'])).out).toMatch(new RegExp(`^${id} [^\n]*\n$`));
    expect(JSON.parse((await cli.run(['list', '--json', '--limit', '1'])).out)).toMatchObject({ builds: [{ id }] });
  });
});

describe('lbuild finds its engine', () => {
  it('by the credentials of the folder or one above it', async () => {
    const below = path.join(cli.folder, 'project/deep');
    await mkdir(path.join(cli.folder, 'project/.lbuild'), { recursive: true });
    await mkdir(below, { recursive: true });
    const credentials = { url: cli.api.url, apiKey: cli.tenant.keys.viewer };
    await writeFile(path.join(cli.folder, 'project/.lbuild/credentials.json'), JSON.stringify(credentials));
    expect((await cli.run(['list', '--limit', '1'], { cwd: below, environment: {} })).code).toBe(0);
    const { code, err } = await cli.run(['start', spec], { cwd: below, environment: {} });
    expect([code, err]).toEqual([4, expect.stringContaining('builds:create')]);
    // The key of the folder's engine never goes to an address that was given.
    const elsewhere = await cli.run(['list', '--url', 'http://127.0.0.1:9'], { cwd: below, environment: {} });
    expect([elsewhere.code, elsewhere.err]).toEqual([4, expect.stringContaining('cli.no_api_key')]);
  });

  it.each([
    ['no engine known', [], {}, 6, 'cli.no_engine'],
    ['nothing there', [], { LBUILD_URL: 'http://127.0.0.1:9', LBUILD_API_KEY: 'x' }, 6, 'engine.unreachable'],
    ['no address', [], { LBUILD_URL: 'ftp:/x', LBUILD_API_KEY: 'x' }, 2, 'cli.connection_invalid'],
    ['a bad option', ['--limit', 'many'], { LBUILD_URL: 'http://127.0.0.1:9', LBUILD_API_KEY: 'x' }, 2, 'cli.usage'],
  ])('or says that there is %s', async (_name, args, environment, code, text) => {
    const result = await cli.run(['list', ...args], { environment });
    expect([result.code, result.err]).toEqual([code, expect.stringContaining(text)]);
  });

  it('and says that a key is not accepted', async () => {
    const { code, err } = await cli.run(['list', '--api-key', 'lbk_x']);
    expect([code, err]).toEqual([4, expect.stringContaining('access.unauthenticated')]);
  });

  it('and says that a build does not exist', async () => {
    for (const args of [['status'], ['logs'], ['cancel'], ['download', '--to', '.']]) {
      const [command = '', ...rest] = args;
      expect([command, (await cli.run([command, 'bld_none', ...rest])).code]).toEqual([command, 3]);
    }
  });
});
