import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { type EngineInProcess, startEngineInProcess } from '../support/engine-in-process.ts';

const serial = ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'];

const spec = {
  schemaVersion: 1 as const,
  name: 'edge',
  base: { distribution: 'debian' as const, release: 'bookworm' as const, architecture: 'amd64' as const },
  packages: { install: ['openssh-server'] },
  system: { hostname: 'edge-01' },
  files: [{ path: '/etc/systemd/network/80-dhcp.network', content: '[Match]\nName=en*\n\n[Network]\nDHCP=yes\n' }],
  services: { enable: ['ssh', 'systemd-networkd'] },
  kernel: { cmdline: serial },
};

describe('tests of a spec', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-boot-tests-'));
  const directory = engineFolder();
  let engine: EngineInProcess;
  beforeAll(async () => {
    engine = await startEngineInProcess(directory, { mode: 'contained' });
  });
  afterAll(async () => {
    await engine.close();
    removeFolder(directory);
    rmSync(folder, { recursive: true, force: true });
  });

  async function build(more: object): Promise<BuildDetail> {
    const started = await engine.client.startBuild({ ...spec, ...more });
    return engine.client.waitForBuild(started.id);
  }

  const steps = (ended: BuildDetail) => ended.stages.flatMap((stage) => stage.steps);

  it('let an image be published that boots and is as they want it', async () => {
    const ended = await build({
      outputs: [{ type: 'raw' }, { type: 'iso' }],
      tests: [
        { boot: { timeoutSeconds: 600 } },
        { run: 'systemctl is-active ssh', retries: 5 },
        { run: 'test "$(hostname)" = edge-01' },
        { port: 22, retries: 5 },
      ],
    });
    expect(ended.failure).toBeUndefined();
    expect(ended.state).toBe('succeeded');
    const tests = steps(ended).filter(({ program }) => program === 'boot-test');
    expect(tests.map(({ id }) => id).sort()).toEqual([
      ...['boot-test.iso.bios', 'boot-test.iso.uefi', 'boot-test.raw.bios', 'boot-test.raw.uefi'],
    ]);
    for (const { id, facts } of tests) console.log(`${id}: up after ${facts.bootSeconds} s (${facts.acceleration})`);
    const names = (await engine.client.builds.listArtifacts(ended.id)).map(({ name }) => name).sort();
    expect(names).toEqual(['edge.img', 'edge.iso']);
    for (const name of names) await engine.client.downloadArtifact(ended.id, name, folder);
    const shown = ended.evidence.filter(({ kind }) => kind === 'serial-log' || kind === 'screenshot');
    expect(shown).toHaveLength(8);
  });

  it('end a build whose image has a wrong root argument: no download of it, but of its log and its screen', async () => {
    const ended = await build({
      kernel: { cmdline: [...serial, 'root=UUID=00000000-dead-beef-0000-000000000000'] },
      outputs: [{ type: 'raw' }],
      tests: [{ boot: { firmware: ['bios'], timeoutSeconds: 600 } }],
    });
    expect(ended.state).toBe('failed');
    expect(ended.failure).toMatchObject({ code: 'test.failed', step: 'boot-test.raw.bios' });
    expect(ended.failure?.reason).toMatch(/did not find the root file system/);
    expect(ended.failure?.logTail.join('\n')).toContain('00000000-dead-beef-0000-000000000000');
    expect(await engine.client.builds.listArtifacts(ended.id)).toEqual([]);
    await expect(engine.client.downloadArtifact(ended.id, 'edge.img', folder)).rejects.toMatchObject({
      problem: { code: 'artifact.not_found' },
    });
    const [log, screen] = ended.evidence;
    if (log === undefined || screen === undefined) throw new Error('there are a log and a screen');
    const text = readFileSync((await engine.client.builds.downloadEvidence(ended.id, log, folder)).path, 'utf8');
    expect(text).toContain('ALERT!  UUID=00000000-dead-beef-0000-000000000000 does not exist');
    const picture = readFileSync((await engine.client.builds.downloadEvidence(ended.id, screen, folder)).path);
    expect(picture.subarray(1, 4).toString('latin1')).toBe('PNG');
    expect(picture.length).toBeGreaterThan(1_000);
  });

  it('end a build of which an assertion does not hold, and say which', async () => {
    const ended = await build({
      outputs: [{ type: 'raw' }],
      tests: [{ boot: { firmware: ['bios'], timeoutSeconds: 600 } }, { port: 2_222 }],
    });
    expect(ended.failure).toMatchObject({ code: 'test.failed' });
    expect(ended.failure?.reason).toContain('"port: 2222" does not hold: no connection is taken there');
    expect(await engine.client.builds.listArtifacts(ended.id)).toEqual([]);
  });
});
