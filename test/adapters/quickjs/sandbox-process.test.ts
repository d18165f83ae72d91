import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPluginRunner } from '../../../adapters/quickjs/plugin-runner.ts';
import { callOf, limited } from './plugin-calls.ts';

const never = new AbortController().signal;

/** The begin of a sandbox's process that is none, and what it then does. */
const begun = (cpuMilliseconds = 0): string =>
  `process.once('message', () => { process.send({ kind: 'begun', cpuMilliseconds: ${cpuMilliseconds} }); go(); });`;

describe('the process of a run', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lbuild-sandbox-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  let files = 0;
  const processOf = (text: string) => {
    files += 1;
    const sandboxFile = join(folder, `process-${files}.mjs`);
    writeFileSync(sandboxFile, text);
    return createPluginRunner({ sandboxFile, parallel: 1 });
  };

  it('has no files, no processes, no threads, no environment and nothing to read or write', async () => {
    process.env.LBUILD_TEST_SECRET = 'secret';
    const tries: Record<string, string> = {
      environment: `Object.keys(process.env).filter((name) => name !== 'NODE_CHANNEL_FD' && name !== 'PWD')`,
      arguments: 'process.argv.slice(2)',
      folder: 'process.cwd()',
      secret: 'process.env.LBUILD_TEST_SECRET ?? null',
      read: `(await import('node:fs')).readFileSync('/etc/passwd', 'utf8')`,
      list: `(await import('node:fs')).readdirSync('/')`,
      write: `(await import('node:fs')).writeFileSync('${folder}/x', 'x')`,
      own: `(await import('node:fs')).readFileSync('${fileURLToPath(import.meta.url)}', 'utf8').length`,
      spawn: `(await import('node:child_process')).spawnSync('/bin/true').error.code`,
      thread: `new (await import('node:worker_threads')).Worker('1', { eval: true }) && 'thread'`,
      code: 'new Function("return 1")()',
      parent: `(await import('node:fs')).readFileSync('/proc/' + process.ppid + '/environ', 'utf8').length`,
      input: 'process.stdin.read()',
    };
    const text = `${begun()}
      async function go() {
        const all = {};
        ${Object.entries(tries)
          .map(
            ([name, what]) =>
              `try { all.${name} = ${what}; } catch (error) { all.${name} = error.code ?? error.name; }`,
          )
          .join('\n')}
        process.send({ kind: 'end', result: { ok: true, output: JSON.stringify(all) }, cpuMilliseconds: 0, memoryBytes: 0 });
      }`;
    const outcome = await processOf(text).run(callOf(''), never);
    delete process.env.LBUILD_TEST_SECRET;
    const denied = 'ERR_ACCESS_DENIED';
    expect(outcome.ok && outcome.output).toEqual({
      ...{ environment: [], arguments: [], folder: '/', secret: null, read: denied, list: denied, write: denied },
      ...{ own: denied, spawn: denied, thread: denied, code: 'EvalError', parent: denied, input: null },
    });
    expect(existsSync(join(folder, 'x'))).toBe(false);
  });

  it.each([
    ['ends at once', 'process.exit(0);'],
    ['fails at once', 'throw new Error("x");'],
    ['says nothing that is known', `process.once('message', () => process.send('hello'));`],
  ])('cannot be had where it %s, or says so', async (_, text) => {
    const ran = await processOf(text)
      .run(limited('', { wallMilliseconds: 2_000 }), never)
      .catch((error: unknown) => error);
    if (text.includes('hello')) expect(ran).toMatchObject({ ok: false, code: 'plugin.crashed' });
    else expect(ran).toMatchObject({ code: 'service.unavailable' });
  });

  it.each([
    ['there is no engine', { engineFile: '/nonexistent/quickjs.wasm' }],
    ['there is no code of the sandbox', { sandboxFile: '/nonexistent/sandbox.mjs' }],
  ])('cannot be had where %s, which is no fault of the plugin', async (_, options) => {
    const none = createPluginRunner({ parallel: 1, ...options });
    for (let turn = 0; turn < 2; turn += 1) {
      await expect(none.run(callOf(''), never)).rejects.toMatchObject({ code: 'service.unavailable' });
    }
  });

  it.each([
    ['ends', 'process.exit(0);', 'plugin.crashed'],
    ['throws', 'throw new Error("x");', 'plugin.crashed'],
    ['says what it never says', 'process.send({ kind: "other" }); setInterval(() => 0, 1000);', 'plugin.crashed'],
    ['breaks', 'process.abort();', 'plugin.crashed'],
    [
      'fills its memory',
      'const all = []; for (;;) all.push(new Array(1000).fill({ a: all.length }));',
      'plugin.memory',
    ],
    ['never looks up', 'for (;;) {}', 'plugin.timeout'],
    ['does not die when it is asked to', 'process.on("SIGTERM", () => 0); for (;;) {}', 'plugin.timeout'],
  ])('is gone when it %s, and the engine stands', async (_, text, code) => {
    const pids: number[] = [];
    const runner = processOf(
      `${begun()} function go() { process.send({ kind: 'log', level: 'log', text: String(process.pid) }, () => { ${text} }); }`,
    );
    const outcome = await runner.run(limited('', { cpuMilliseconds: 300 }), never);
    pids.push(...outcome.log.lines.map((line) => Number(line.text)));
    expect(outcome).toMatchObject({ ok: false, code });
    if (code === 'plugin.timeout') {
      // Seen from outside, long before the system would end it.
      expect(outcome.cpuMilliseconds).toBeGreaterThan(300);
      expect(outcome.cpuMilliseconds).toBeLessThan(1_500);
    }
    expect(pids).toHaveLength(1);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('is ended by the system where nobody else does', { timeout: 20_000 }, async () => {
    // It says that its time begins much later, so that nobody outside sees that it is over.
    const runner = processOf(`${begun(1e9)} function go() { for (;;) {} }`);
    const outcome = await runner.run(limited('', { cpuMilliseconds: 100, wallMilliseconds: 15_000 }), never);
    expect(outcome).toMatchObject({
      ok: false,
      code: 'plugin.timeout',
      reason: 'the code has used its processor time',
    });
    expect(outcome.milliseconds).toBeLessThan(12_000);
  });

  it('ends with the process that started it', { timeout: 20_000 }, async () => {
    const starter = join(folder, 'starter.mjs');
    const module = fileURLToPath(new URL('../../../adapters/quickjs/plugin-runner.ts', import.meta.url));
    const sandboxFile = join(folder, 'orphan.mjs');
    writeFileSync(
      sandboxFile,
      `${begun()} function go() { process.send({ kind: 'fetch', id: 1, request: String(process.pid) }); }
      process.once('disconnect', () => process.exit());`,
    );
    writeFileSync(
      starter,
      `import { createPluginRunner } from '${module}';
       const call = ${JSON.stringify({ ...callOf(''), grants: { fetchHosts: [] } })};
       createPluginRunner({ sandboxFile: '${sandboxFile}' }).run(call, new AbortController().signal);
       setInterval(() => 0, 1000);`,
    );
    const child = spawn(process.execPath, [starter], { stdio: 'ignore' });
    const children = () => readdirOf(child.pid ?? 0);
    await expect.poll(children, { timeout: 10_000 }).toHaveLength(1);
    const [pid = 0] = children();
    // The shell has become it by then.
    await expect.poll(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), { timeout: 10_000 }).toMatch(/orphan/);
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill('SIGKILL');
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false);
  });
});

/** Processes that a process has started. */
const readdirOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
