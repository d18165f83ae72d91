import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { folderState } from '../support/machine-state.ts';
import { smallSpec } from '../support/small-spec.ts';
import { listTar } from '../support/tree-listing.ts';

const gib = 1_024 ** 3;
/** Bytes of an attempt's log, and room for the line that says that it is full. */
const longestLog = 16_777_216 + 1_000;

/**
 * Scripts that take without end, and trees that are made to lead whoever reads them astray, each through a whole build.
 * The ways out of a tree are in test/system/hostile.test.ts, hostile layers in test/containers/agent.
 */
describe('a script of a hostile tenant', () => {
  const directory = engineFolder();
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-hostile-scripts-'));
  let engine: EngineInProcess;
  let before: string;
  let honest = 0;

  beforeAll(async () => {
    // Three slots: each builder's tree may then take a third of what is free, some 5 GB, and no more.
    engine = await startEngineInProcess(directory, { mode: 'contained', slots: 3 });
    before = folderState(engine.builderRoot);
    expect((await build('true')).state).toBe('succeeded');
  });
  afterAll(async () => {
    await engine?.close();
    const left = leftoversOf(directory);
    removeFolder(directory);
    rmSync(folder, { recursive: true, force: true });
    expect(left).toEqual({ processes: [], mounts: [], folders: [] });
  });

  async function build(run: string, timeoutSeconds = 60): Promise<BuildDetail> {
    const began = performance.now();
    const started = await engine.client.startBuild(smallSpec([{ id: 'hostile', run, timeoutSeconds }]));
    const ended = await engine.client.waitForBuild(started.id, { pollMilliseconds: 200 });
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    console.log(`${run.split('\n')[0]?.slice(0, 60)}: ${ended.failure?.code ?? ended.state} after ${seconds} s`);
    return ended;
  }

  /** Fails where something of a script is left, the builder root was changed, or honest builds do not go on. */
  async function expectUnharmed(): Promise<void> {
    // A builder says that it is done before the kernel has taken its world down, and gigabytes of files take a while.
    const isGone = () => Object.values(leftoversOf(directory, { besideSpares: true })).flat().length === 0;
    for (let waited = 0; waited < 60_000 && !isGone(); waited += 100) await sleep(100);
    expect(leftoversOf(directory, { besideSpares: true })).toEqual({ processes: [], mounts: [], folders: [] });
    expect(folderState(engine.builderRoot)).toBe(before);
    honest += 1;
    expect((await build(`echo honest ${honest} > /srv/site`)).state).toBe('succeeded');
  }

  it('that fills the disk: limit.disk', async () => {
    const ended = await build('cat /dev/zero > /srv/full', 300);
    expect(ended.failure).toMatchObject({ code: 'limit.disk', step: 'hostile' });
    await expectUnharmed();
  });

  it('that makes a file of 10 GB without content: it stays a small one, or is refused as too large', async () => {
    const ended = await build('truncate -s 10G /srv/sparse; echo small > /srv/small');
    expect(ended.failure).toBeUndefined();
    const { path } = await engine.client.downloadArtifact(ended.id, 'small.tar.zst', folder);
    expect(statSync(path).size).toBeLessThan(0.2 * gib);
    const listed = execFileSync('tar', ['--zstd', '-tvf', path, '--wildcards', '*srv/*'], { encoding: 'utf8' });
    expect(listed).toMatch(new RegExp(` ${10 * gib} .* \\S*srv/sparse$`, 'm'));
    const larger = await build('truncate -s 1000G /srv/sparse');
    expect(larger.failure).toMatchObject({ code: 'limit.disk', step: 'hostile' });
    await expectUnharmed();
  });

  it('that forks until it is ended: script.timeout, and nothing of it is left', async () => {
    const ended = await build('trap "" TERM INT\nwhile :; do (setsid sleep 4245 &) ; done', 3);
    expect(ended.failure).toMatchObject({ code: 'script.timeout', step: 'hostile' });
    await expectUnharmed();
  });

  it('that prints without end: its log is bounded and says so, and the step ends with its time', async () => {
    const ended = await build('yes "a line of a script that prints without end"', 5);
    expect(ended.failure).toMatchObject({ code: 'script.timeout', step: 'hostile' });
    let bytes = 0;
    let last = '';
    for await (const { text, step } of engine.client.streamLogs(ended.id)) {
      bytes += text.length;
      if (step !== 'tar') last = text.includes('the log has reached its limit') ? text : last;
    }
    expect(last).not.toBe('');
    expect(bytes).toBeLessThan(2 * longestLog);
    await expectUnharmed();
  });

  it('that kills all it can reach: builder.lost, after one more try', async () => {
    const ended = await build('kill -9 -1; sleep 60');
    expect(ended.failure).toMatchObject({ code: 'builder.lost', stage: 's2' });
    expect(ended.stages.find(({ id }) => id === 's2')?.attempts).toBe(2);
    await expectUnharmed();
  });

  it('that leaves links in place of folders: they stay links, and nobody goes through them', async () => {
    const canary = join(folder, 'canary');
    writeFileSync(canary, 'untouched\n');
    const run = [
      'rm -r /tmp/../var/log /var/cache/apt /var/lib/apt/lists',
      `ln -s ${folder} /var/log; ln -s /work /var/cache/apt; ln -s ../../../../../../inputs /var/lib/apt/lists`,
      `ln -s ${canary} /srv/canary; ln -s ../../../../../../../../etc/passwd /srv/up`,
      'ln /etc/hostname /srv/hard; mkdir -p "/srv/..." "/srv/ ..";  mkfifo /srv/pipe',
      'mknod /srv/disk b 8 0 2>/dev/null && exit 9; mknod /srv/memory c 1 1 2>/dev/null && exit 9; true',
    ].join('\n');
    const ended = await build(run);
    expect(ended.failure).toBeUndefined();
    const { path } = await engine.client.downloadArtifact(ended.id, 'small.tar.zst', folder);
    const tree = await listTar(path, join(folder, 'tree'));
    expect(['var/log', 'var/cache/apt', 'var/lib/apt/lists', 'srv/canary', 'srv/up'].map((at) => tree.get(at))).toEqual(
      Array.from({ length: 5 }, () => expect.stringMatching(/^symlink /)),
    );
    expect([...tree.keys()].filter((at) => /^srv\/(disk|memory)/.test(at))).toEqual([]);
    expect(readFileSync(canary, 'utf8')).toBe('untouched\n');
    await expectUnharmed();
  });
});
