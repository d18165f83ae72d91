import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliUnderTest, openCli } from '../cli/engine-under-test.ts';
import { project } from '../docs/markdown.ts';
import { unknownKey } from '../functions/api/api-under-test.ts';
import { type Lies, type LyingEngine, startLyingEngine } from './lying-engine.ts';

let cli: CliUnderTest;
let temporary: string;
beforeAll(async () => {
  cli = await openCli();
  temporary = mkdtempSync(path.join(tmpdir(), 'lbuild-smoke-test-'));
});
afterAll(async () => {
  await cli?.close();
  rmSync(temporary, { recursive: true, force: true });
});

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a smoke test with nothing in its environment but what is given. */
async function run(
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  watch?: (child: ChildProcess) => void,
): Promise<Run> {
  const child = spawn(path.join(project, 'scripts', script), [...args], {
    env: { PATH: '/usr/bin:/bin', TMPDIR: temporary, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  watch?.(child);
  await once(child, 'close');
  return { code: child.exitCode, out, err };
}

const quick = (environment: NodeJS.ProcessEnv, watch?: (child: ChildProcess) => void) =>
  run('quick-curl-test.sh', [], environment, watch);
const known = () => ({ LBUILD_URL: cli.api.url, LBUILD_API_KEY: cli.tenant.keys.builder });

/** Command lines of all processes, once a moment until the process has ended. */
function watchCommands(seen: Set<string>): (child: ChildProcess) => void {
  return (child) => {
    const look = setInterval(() => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
        } catch {
          // It has ended meanwhile.
        }
      }
    }, 5);
    child.once('close', () => clearInterval(look));
  };
}

describe('quick-curl-test.sh', () => {
  it('finds a whole engine whole, within seconds, with a builder’s key', async () => {
    const began = performance.now();
    const told = await quick(known());
    expect(told).toMatchObject({ code: 0, err: '' });
    const lines = told.out.trimEnd().split('\n');
    expect(lines[0]).toBe(`Asking ${cli.api.url}`);
    expect(lines.slice(1, -1)).toEqual(
      [
        ...['health', 'OpenAPI document', 'no key', 'a wrong key', 'whoami', 'capabilities'],
        ...['a good spec', 'a bad spec', 'a plan of a bad spec', 'a plan', 'list of builds'],
      ].map((name) => `ok      ${name}`),
    );
    expect(lines.at(-1)).toMatch(/^11 checks, 0 failed, \d s$/);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('shows the key to no list of processes and prints it nowhere', async () => {
    const seen = new Set<string>();
    const told = await quick(known(), watchCommands(seen));
    const calls = [...seen].filter((command) => /^\S*curl /.test(command));
    expect(calls.length).toBeGreaterThan(0);
    expect([...seen].filter((command) => command.includes(known().LBUILD_API_KEY))).toEqual([]);
    expect(told.out + told.err).not.toContain(known().LBUILD_API_KEY);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('says what failed, what was expected and what came', async () => {
    // A viewer may look, and may not plan.
    const told = await quick({ ...known(), LBUILD_API_KEY: cli.tenant.keys.viewer });
    expect(told.code).toBe(1);
    expect(told.out).toMatch(/^FAILED {2}a plan: expected 200 with a digest and steps, got 403 access\.forbidden: /m);
    expect(told.out).toMatch(/^ok {6}list of builds$/m);
    expect(told.out).toMatch(/, [1-9]\d* failed, /);
  });

  it('ends with 4 at a key that is not accepted, and with 6 where no engine answers', async () => {
    const refused = await quick({ ...known(), LBUILD_API_KEY: unknownKey(cli.api.ports) });
    expect(refused.code).toBe(4);
    expect(refused.out).toMatch(/^FAILED {2}whoami: .* got 401 access\.unauthenticated: /m);
    expect(refused.err).toContain('does not accept the key');
    const down = await quick({ ...known(), LBUILD_URL: 'http://127.0.0.1:9' });
    expect(down.code).toBe(6);
    expect(down.out).toMatch(/^FAILED {2}health: expected 200 with status "ready", got no answer \(curl: /m);
    expect(down.err).toContain('no engine answers at http://127.0.0.1:9');
  });
});

describe.each(['quick-curl-test.sh', 'test-build-lifecycle.sh'])('%s', (script) => {
  it('tells its use, and what is missing or wrong', async () => {
    const help = await run(script, ['--help'], {});
    expect(help).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Exit codes:') });
    for (const [environment, words] of [
      [{}, 'LBUILD_URL is not set'],
      [{ LBUILD_URL: cli.api.url }, 'LBUILD_API_KEY is not set'],
      [{ ...known(), LBUILD_URL: 'ftp://host' }, 'LBUILD_URL is no address'],
      [{ ...known(), LBUILD_URL: 'http://host"\nurl = "http://other' }, 'LBUILD_URL is no address'],
      [{ ...known(), LBUILD_API_KEY: 'lbk_x"\nurl = "http://other' }, 'LBUILD_API_KEY is no API key'],
      [{ ...known(), PATH: `${temporary}/none` }, ''],
    ] as const) {
      const told = await run(script, [], environment);
      if (words === '') expect(told.code).not.toBe(0);
      else expect(told).toEqual({ code: 2, out: '', err: `${script}: ${told.err.slice(script.length + 2)}` });
      expect(told.err).toContain(words);
    }
    expect(await run(script, ['--sideways'], known())).toMatchObject({
      code: 2,
      err: expect.stringContaining('--help'),
    });
  });
});

describe('test-build-lifecycle.sh, before it builds', () => {
  it('refuses options that cannot be right', async () => {
    for (const [args, words] of [
      [['--timeout', 'soon'], '--timeout is a number of seconds'],
      [['--timeout'], '--timeout needs a value'],
      [['--spec', 'image.toml'], 'neither .yaml nor .yml nor .json'],
      [['--spec', `${temporary}/none.yaml`], 'cannot be read'],
      [['--to', temporary], 'is there already'],
    ] as const) {
      const told = await run('test-build-lifecycle.sh', args, known());
      expect(told).toMatchObject({ code: 2, out: '' });
      expect(told.err).toContain(words);
    }
  });

  it('tells of a key that is not accepted or may not build, of a wrong spec, and of an engine that is away', async () => {
    const build = (environment: NodeJS.ProcessEnv, ...args: readonly string[]) =>
      run('test-build-lifecycle.sh', args, environment);
    expect((await build({ ...known(), LBUILD_API_KEY: unknownKey(cli.api.ports) })).code).toBe(4);
    const viewer = await build({ ...known(), LBUILD_API_KEY: cli.tenant.keys.viewer });
    expect([viewer.code, viewer.err]).toEqual([4, expect.stringContaining('403 access.forbidden')]);
    const away = await build({ ...known(), LBUILD_URL: 'http://127.0.0.1:9' });
    expect([away.code, away.err]).toEqual([6, expect.stringContaining('no answer (curl: ')]);
    const spec = path.join(project, 'package.json');
    const wrong = await build(known(), '--spec', spec);
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('422 spec.invalid')]);
    expect(wrong.err).toMatch(/^ {2}\S+: .+\.$/m);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe('test-build-lifecycle.sh, with an engine that says what is not so', () => {
  async function told(lies: Lies): Promise<Run & Pick<LyingEngine, 'requests'>> {
    const engine = await startLyingEngine(lies);
    try {
      const environment = { LBUILD_URL: `${engine.url}/`, LBUILD_API_KEY: 'lbk_test' };
      return { ...(await run('test-build-lifecycle.sh', [], environment)), requests: engine.requests };
    } finally {
      await engine.close();
    }
  }

  it('believes an honest one, also one that is away for a moment, and sends the key to no signed address', async () => {
    const honest = await told({ away: 1 });
    expect(honest).toMatchObject({ code: 0, err: '' });
    expect(honest.out).toContain('what build b1 made stays: 403 access.forbidden: It may not. Ask.');
    const signed = honest.requests.filter(({ line }) => line.includes('/signed/'));
    expect(signed).toHaveLength(5);
    for (const { line, keyed } of honest.requests) expect(keyed, line).toBe(!line.includes('/signed/'));
  });

  it.each<[string, Lies, string]>([
    ['a digest', { digest: '0'.repeat(64) }, 'has the SHA-256'],
    ['a size', { size: 8 }, 'has 9 bytes, and the engine says 8'],
    ['a name', { name: '../smoke' }, 'has a name that is none: ../smoke'],
    [
      'checksums',
      { checksums: `${'0'.repeat(64)}  smoke.tar.zst\n` },
      'the signed checksums do not have smoke.tar.zst',
    ],
    ['evidence', { without: 'signature' }, 'the evidence has no signature'],
    ['a log', { log: 'something else' }, 'the log has no line smoke-'],
    ['an end', { cancelled: 'succeeded' }, 'build b2 is succeeded though it was cancelled'],
  ])('sees through %s', async (_, lies, words) => {
    const run = await told(lies);
    expect([run.code, run.err]).toEqual([1, expect.stringContaining(words)]);
    expect(run.err).toContain('What build b1 made stays with the engine.');
    expect(readdirSync(temporary)).toEqual([]);
  });
});
