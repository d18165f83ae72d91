import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { stoppedTaskSchema } from '../../../core/builds/flow-messages.ts';
import { sha256 } from '../../../core/digest.ts';
import { TaskFailed } from '../../../local/flow/failure.ts';
import { openTaskRunner, type TaskRunner } from '../../../local/tasks/task-runner.ts';
import { builderRootForTests, bundleAgent, layerOf, makeSmallTree } from '../../support/builder-parts.ts';
import { type StageEngine, stageStep, startStageEngine } from '../../support/stage-engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'lbuild-tasks-'));
const clock = createSystemClock();
const table = openSqliteTable({ file: ':memory:', clock });
let builderRoot = '';
let agentBundle = '';
let base: Awaited<ReturnType<typeof layerOf>>;
const opened: TaskRunner[] = [];
const engines: StageEngine[] = [];

beforeAll(async () => {
  builderRoot = await builderRootForTests();
  agentBundle = await bundleAgent(folder);
  makeSmallTree(builderRoot, join(folder, 'small'));
  base = await layerOf(join(folder, 'small'), join(folder, 'base'));
}, 240_000);

afterEach(async () => {
  for (const runner of opened.splice(0)) await runner.close();
  for (const engine of engines.splice(0)) await engine.close();
});

afterAll(() => {
  table.close();
  rmSync(folder, { recursive: true, force: true });
});

async function openRunner(mode: 'contained' | 'privileged', slots = 2): Promise<TaskRunner> {
  const runner = await openTaskRunner({
    directory: join(folder, 'tasks'),
    ...{ builderRoot, agentBundle, mode, slots, table, clock },
    packageCache: undefined,
    fileOf: (path) => path,
    log: { info: () => undefined },
  });
  opened.push(runner);
  return runner;
}

async function scriptEngine(run: string, limits = {}, network = false): Promise<StageEngine> {
  const engine = await startStageEngine({
    steps: [stageStep({ id: 'site', program: 'script', options: { run, network, timeoutSeconds: 60 } })],
    base: [{ ...base.layer.reference, after: [] }],
    blobs: base.blobs,
    limits,
  });
  engines.push(engine);
  return engine;
}

function start(runner: TaskRunner, engine: StageEngine, taskId = 'tsk_1') {
  const controller = new AbortController();
  const { buildId, stageId, attempt } = engine.manifest;
  const ended = runner
    .run({ buildId, stageId, attempt, manifestUrl: engine.manifestUrl }, { taskId, signal: controller.signal })
    .then(
      (description) => ({ description, failure: undefined }),
      (failure: unknown) => ({ description: undefined, failure }),
    );
  return { ended, controller };
}

function causeOf(failure: unknown) {
  expect(failure).toBeInstanceOf(TaskFailed);
  if (!(failure instanceof TaskFailed)) throw failure;
  expect(failure.error).toBe('States.TaskFailed');
  return stoppedTaskSchema.parse(JSON.parse(failure.cause));
}

/** Processes whose mount namespace has the mark in its mounts. */
function processesOf(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline', 'latin1`.replace("', 'latin1", ''), 'latin1').includes(mark);
      } catch {
        return false;
      }
    });
}

async function until(condition: () => boolean, milliseconds = 15_000): Promise<void> {
  for (const end = Date.now() + milliseconds; !condition(); await sleep(20)) {
    if (Date.now() > end) throw new Error('it did not come to pass in time');
  }
}

/** Tries each way out of the tree and prints how it went. */
const escapes = `#!/usr/bin/perl
use strict; use warnings;
my %calls = (ptrace => 101, process_vm_readv => 310, chroot => 161, mount => 165, unshare => 272, setns => 308,
  bpf => 321, keyctl => 250, open_by_handle_at => 304, pidfd_getfd => 438, io_uring_setup => 425, clone3 => 435);
for my $name (sort keys %calls) {
  my $result = syscall($calls{$name}, $name eq 'ptrace' ? 16 : 0, getppid(), 0, 0, 0);
  print "$name: ", $result == -1 ? "$!" : 'allowed', "\\n";
}
for my $family (2, 10, 16, 17, 40) {
  print "socket $family: ", syscall(41, $family, 2, 0) == -1 ? "$!" : 'allowed', "\\n";
}
print 'unix socket: ', syscall(41, 1, 1, 0) == -1 ? "$!" : 'allowed', "\\n";
print 'x32 getpid: ', syscall(0x40000000 | 39) == -1 ? "$!" : 'allowed', "\\n";
print 'new user namespace: ', syscall(56, 0x10000000 | 17, 0, 0, 0, 0) == -1 ? "$!" : 'allowed', "\\n";
my $disk = '/tmp/disk';
print 'mknod: ', syscall(133, $disk, 060600, 0xfe00) == -1 ? "$!" : 'allowed', "\\n";
print 'no_new_privs: ', syscall(157, 39, 0, 0, 0, 0), "\\n";
my $bounding = 0;
for (0 .. 40) { $bounding |= 1 << $_ if syscall(157, 23, $_, 0, 0, 0) == 1 }
my ($header, $sets) = (pack('Ll', 0x20080522, 0), "\\0" x 24);
syscall(125, $header, $sets);
printf "bounding %x effective %x permitted %x inheritable %x\\n", $bounding, unpack('L3', $sets);
print 'descriptors: ', join(' ', grep { syscall(72, $_, 1, 0) != -1 } 3 .. 64), "\\n";
print join(' ', sort keys %ENV), "\\n";
print -e '/proc/self' ? "proc\\n" : "no proc\\n";
`;
/** SHA-256 of a tar without members: two blocks of zeros. */
const emptyTar = sha256(Buffer.alloc(1024));
const refused = 'Operation not permitted';
const absent = 'Function not implemented';
const noFamily = 'Address family not supported by protocol';
const refusals = [
  ...[`bpf: ${refused}`, `chroot: ${refused}`, `clone3: ${absent}`, `io_uring_setup: ${absent}`, `keyctl: ${refused}`],
  ...[`mount: ${refused}`, `open_by_handle_at: ${refused}`, `pidfd_getfd: ${refused}`],
  ...[`process_vm_readv: ${refused}`, `ptrace: ${refused}`, `setns: ${refused}`, `unshare: ${refused}`],
  ...[2, 10, 16, 17, 40].map((family) => `socket ${family}: ${noFamily}`),
  ...['unix socket: allowed', `x32 getpid: ${absent}`, `new user namespace: ${refused}`, `mknod: ${refused}`],
  'no_new_privs: 1',
  // AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETGID SETUID
  'bounding 200004fb effective 200004fb permitted 200004fb inheritable 0',
  'descriptors: 3',
  'DEBIAN_FRONTEND HOME LANG PATH SOURCE_DATE_EPOCH',
  'no proc',
];

describe.each(['contained', 'privileged'] as const)('a task in mode %s', (mode) => {
  it('runs its stage and uploads layer, index, receipt and result', async () => {
    const runner = await openRunner(mode);
    const engine = await scriptEngine('mkdir -p /srv/site; echo hello > /srv/site/index.html; echo done');
    const { description, failure } = await start(runner, engine).ended;
    expect(failure).toBeUndefined();
    expect(description).toMatchObject({ Containers: [{ ExitCode: 0 }], StopCode: 'EssentialContainerExited' });
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
    expect([...engine.outputs.keys()].sort()).toEqual(['-/result', 'log', 'site/index', 'site/layer', 'site/receipt']);
    expect(engine.log().map((line) => line.text)).toContain('done');
    expect(readdirSync(join(folder, 'tasks'))).toEqual([]);
  });

  it('makes the same layer on disk as on tmpfs', async () => {
    const layers: unknown[] = [];
    // 64 tasks may share the memory: then none gets a tmpfs.
    for (const slots of [1, 64]) {
      const runner = await openRunner(mode, slots);
      const engine = await scriptEngine('echo hello > /srv/hello; ln /srv/hello /srv/again; rm /etc/group');
      expect((await start(runner, engine).ended).failure).toBeUndefined();
      layers.push(engine.receipt('site')?.layer);
      await runner.close();
    }
    expect(layers[0]).toBeDefined();
    expect(layers[1]).toEqual(layers[0]);
  });

  it('refuses a script every way out of its tree, and shows it the same rights', async () => {
    const runner = await openRunner(mode);
    const engine = await scriptEngine(escapes);
    await start(runner, engine).ended;
    const said = engine.log().filter((line) => line.stream === 'out');
    expect(said.map((line) => line.text)).toEqual(refusals);
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('is lost, not failed, where a script kills the agent', async () => {
    const runner = await openRunner(mode);
    const engine = await scriptEngine('kill -9 -1; sleep 30');
    const { failure } = await start(runner, engine).ended;
    expect(causeOf(failure)).toMatchObject({
      StopCode: 'EssentialContainerExited',
      Containers: [{ Name: 'builder', ExitCode: 137 }],
    });
    expect(engine.result()).toBeUndefined();
  });
});

describe('a task', () => {
  it('answers exit code 0 where a script fails, with code, exit code and the last lines in its result', async () => {
    const runner = await openRunner('contained');
    const engine = await scriptEngine('echo before; echo broken >&2; exit 7');
    const { description } = await start(runner, engine).ended;
    expect(description).toMatchObject({ Containers: [{ ExitCode: 0 }] });
    const result = engine.result();
    expect(result).toMatchObject({ outcome: 'failed', failure: { step: 'site', code: 'script.failed', exitCode: 7 } });
    expect(result?.failure?.logTail.slice(-2)).toEqual(['before', 'broken']);
    expect(engine.outputs.has('site/receipt')).toBe(false);
  });

  it('uploads again where the store is busy, with a new signed request', async () => {
    const runner = await openRunner('contained');
    const engine = await scriptEngine('echo hello > /srv/hello');
    engine.failUploads.push(503, 403);
    expect((await start(runner, engine).ended).failure).toBeUndefined();
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
    expect(engine.outputs.has('site/receipt')).toBe(true);
  });

  it('writes no result where the store refuses an output', async () => {
    const runner = await openRunner('contained');
    const engine = await scriptEngine('sleep 3; echo hello > /srv/hello');
    engine.refuseOutputs = true;
    expect(causeOf((await start(runner, engine).ended).failure)).toMatchObject({ Containers: [{ ExitCode: 70 }] });
    expect(engine.result()).toBeUndefined();
  });

  it('gives a script that may use the network sockets and a resolver, which its layer does not hold', async () => {
    const runner = await openRunner('contained');
    const run = `#!/usr/bin/perl
for my $family (1, 2, 10, 16, 17, 40) { print "socket $family: ", syscall(41, $family, 2, 0) == -1 ? "$!" : 'allowed', "\\n" }
print -s '/etc/resolv.conf' ? "resolver\\n" : "no resolver\\n";`;
    const engine = await scriptEngine(run, {}, true);
    await start(runner, engine).ended;
    const said = engine.log().filter((line) => line.stream === 'out');
    expect(said.map((line) => line.text)).toEqual([
      ...[1, 2, 10, 16].map((family) => `socket ${family}: allowed`),
      ...[17, 40].map((family) => `socket ${family}: ${noFamily}`),
      'resolver',
    ]);
    expect(engine.receipt('site')?.layer?.diffId).toBe(emptyTar);
  });

  it('ends daemons of a script with its step', async () => {
    const runner = await openRunner('contained');
    const engine = await scriptEngine(
      "setsid sh -c 'sleep 1000 & sleep 1000' </dev/null >/dev/null 2>&1 & echo started; echo more",
    );
    await start(runner, engine).ended;
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
    expect(engine.log().map((line) => line.text)).toContain('more');
  });

  it('learns of cancellation by its heartbeat and ends the script', async () => {
    const runner = await openRunner('contained');
    const engine = await scriptEngine('echo waiting; sleep 600');
    const { ended } = start(runner, engine);
    await until(() => engine.log().some((line) => line.text === 'waiting'));
    const began = Date.now();
    engine.cancelled = true;
    await ended;
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(engine.result()).toMatchObject({ outcome: 'failed', failure: { code: 'build.cancelled', step: 'site' } });
  });

  it('ends at once where its ticket is refused', async () => {
    const runner = await openRunner('contained');
    const engine = await scriptEngine('echo waiting; sleep 600');
    const { ended } = start(runner, engine);
    await until(() => engine.log().some((line) => line.text === 'waiting'));
    engine.ticketEnded = true;
    expect(causeOf((await ended).failure)).toMatchObject({ Containers: [{ ExitCode: 77 }] });
  });

  it('is gone within 5 seconds when it is stopped, its whole tree of processes included', async () => {
    const runner = await openRunner('contained');
    const engine = await scriptEngine("trap '' TERM; echo waiting; sleep 601");
    const { ended } = start(runner, engine);
    await until(() => engine.log().some((line) => line.text === 'waiting'));
    expect(await runner.running()).toMatchObject([{ taskId: 'tsk_1', stageId: 's0', attempt: 1 }]);
    expect(processesOf('601')).not.toEqual([]);
    const began = Date.now();
    await runner.stop('tsk_1', 'cancelled');
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(causeOf((await ended).failure)).toMatchObject({ StopCode: 'UserInitiated', StoppedReason: 'cancelled' });
    expect(processesOf('601')).toEqual([]);
    expect(await runner.running()).toEqual([]);
  });

  it('keeps its log under the cap and says that it is full', async () => {
    const runner = await openRunner('contained');
    const engine = await scriptEngine('i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done', {
      logBytes: 20_000,
    });
    await start(runner, engine).ended;
    expect(engine.outputs.get('log')?.length).toBeLessThanOrEqual(20_000);
    expect(engine.log().at(-1)?.text).toMatch(/limit of 20000 bytes/);
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('waits for a slot', async () => {
    const runner = await openRunner('contained', 1);
    const first = await scriptEngine('echo waiting; sleep 600');
    const second = await scriptEngine('true');
    const one = start(runner, first, 'tsk_1');
    await until(() => first.log().some((line) => line.text === 'waiting'));
    const two = start(runner, second, 'tsk_2');
    await sleep(300);
    expect(existsSync(join(folder, 'tasks/tsk_2'))).toBe(false);
    await runner.stop('tsk_1', 'enough');
    await one.ended;
    expect((await two.ended).failure).toBeUndefined();
    expect(second.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('leaves nothing where the engine is killed', async () => {
    const engine = await scriptEngine('echo waiting; setsid sleep 602 & sleep 602');
    const directory = join(folder, 'killed');
    const { buildId, stageId, attempt } = engine.manifest;
    const parent = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'engine-to-kill.ts'),
        JSON.stringify({
          directory,
          builderRoot,
          agentBundle,
          request: { buildId, stageId, attempt, manifestUrl: engine.manifestUrl },
        }),
      ],
      { stdio: 'inherit' },
    );
    try {
      await until(() => engine.log().some((line) => line.text === 'waiting'));
      expect(processesOf('602').length).toBeGreaterThan(1);
      expect(readdirSync(directory)).toEqual(['tsk_killed']);
    } finally {
      parent.kill('SIGKILL');
    }
    await until(() => processesOf('602').length === 0, 5_000);
    expect(processesOf(directory)).toEqual([]);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(directory);
    const runner = await openTaskRunner({
      ...{ directory, builderRoot, agentBundle, mode: 'contained', slots: 1, table, clock },
      packageCache: undefined,
      fileOf: (path) => path,
      log: { info: () => undefined },
    });
    opened.push(runner);
    expect(readdirSync(directory)).toEqual([]);
  });
});
