import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder, startTestEngine, type TestEngine } from '../support/engine.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { bootIso } from '../support/qemu.ts';

/** The main job: the preset of the quickstart, posted through the API, built contained, booted. */
describe('a posted spec becomes a bootable ISO', () => {
  const directory = engineFolder();
  let engine: TestEngine;
  let build: BuildDetail;

  beforeAll(async () => {
    engine = await startTestEngine(directory);
    const text = readFileSync(join(import.meta.dirname, '../../presets/minimal.yaml'), 'utf8');
    const started = await engine.client.startBuild({ text, mediaType: 'application/yaml' });
    build = await engine.client.waitForBuild(started.id);
  });
  afterAll(async () => {
    await engine.stop();
    removeFolder(directory);
  });

  it('succeeds in three tasks: service, tenant, seal', () => {
    expect(build.failure).toBeUndefined();
    expect(build.state).toBe('succeeded');
    expect(build.stages.map((stage) => `${stage.trust} ${stage.attempts}`)).toEqual([
      'service 1',
      'tenant 1',
      'seal 1',
    ]);
  });

  it('tells in its log what each step did', async () => {
    const steps = new Set<string>();
    for await (const line of engine.client.followLogs(build.id)) steps.add(line.step);
    expect([...steps]).toEqual(expect.arrayContaining(['bootstrap', 'packages', 'initramfs', 'iso']));
  });

  it('boots with BIOS to a login prompt, and is inside as the spec says', async () => {
    const file = await engine.client.downloadArtifact(build.id, 'minimal.iso', join(directory, 'out'));
    const boot = await bootIso({
      iso: file.path,
      firmware: 'bios',
      timeoutSeconds: 400,
      expect: /minimal login:/,
      login: { user: 'ops', password: 'linux-builder' },
      interact: [
        'hostname',
        'id -un',
        'cat /etc/motd',
        'cat /srv/site/index.html',
        // The login prompt does not wait for services.
        'timeout 120 systemctl is-system-running --wait >/dev/null; systemctl is-active ssh',
        'systemctl is-enabled apt-daily.timer',
        'cat ~/.ssh/authorized_keys',
        'ls /etc/ssh/ssh_host_ed25519_key.pub',
      ],
    });
    expect(boot.outputs).toEqual([
      'minimal',
      'ops',
      'This system was built by the Linux Builder Engine.',
      '<h1>It works</h1>',
      'active',
      'disabled',
      expect.stringMatching(/^ssh-ed25519 \S+ ops@example$/),
      '/etc/ssh/ssh_host_ed25519_key.pub',
    ]);
  });

  it('is a hit the second time: no builder is started', async () => {
    const text = readFileSync(join(import.meta.dirname, '../../presets/minimal.yaml'), 'utf8');
    const again = await engine.client.startBuild({ text, mediaType: 'application/yaml' });
    const ended = await engine.client.waitForBuild(again.id, { pollMilliseconds: 50 });
    expect(ended.state).toBe('succeeded');
    expect(ended.stages.map((stage) => stage.attempts)).toEqual([0, 0, 0]);
    expect(ended.stages.flatMap((stage) => stage.steps).every((step) => step.hit)).toBe(true);
    const digest = async (id: string) => (await engine.client.listArtifacts(id)).map((artifact) => artifact.sha256);
    expect(await digest(again.id)).toEqual(await digest(build.id));
  });

  it('leaves no process of a task, no mount and no tree behind', () => {
    const { processes, ...others } = leftoversOf(directory, { besideSpares: true });
    expect(others).toEqual({ mounts: [], folders: [] });
    // The engine itself is the one process that knows the folder.
    expect(processes.filter((process) => !process.startsWith(`${engine.pid} `))).toEqual([]);
  });
});
