import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complianceReportSchema } from '../../core/compliance/report.ts';
import { cyclonedxDocumentSchema } from '../../core/evidence/cyclonedx-schema.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { engineFolder, removeFolder, startTestEngine, type TestEngine } from '../support/engine.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { type BootResult, bootIso } from '../support/qemu.ts';

/** The main job: the preset of the quickstart, posted through the API, built contained, booted. */
describe('a posted spec becomes a bootable ISO', () => {
  const directory = engineFolder();
  let engine: TestEngine;
  let build: BuildDetail;
  let booted: Promise<BootResult>;

  beforeAll(async () => {
    engine = await startTestEngine(directory);
    const preset = readFileSync(join(import.meta.dirname, '../../presets/minimal.yaml'), 'utf8');
    const text = `${preset}\ncompliance: { profiles: [base, hipaa] }\n`;
    const started = await engine.client.startBuild({ text, mediaType: 'application/yaml' });
    build = await engine.client.waitForBuild(started.id);
    // A machine without KVM keeps one core busy for a minute: meanwhile the other tests look at the rest.
    booted = boot();
    booted.catch(() => {});
  });
  afterAll(async () => {
    await engine.stop();
    removeFolder(directory);
  });

  async function boot(): Promise<BootResult> {
    const file = await engine.client.downloadArtifact(build.id, 'minimal.iso', join(directory, 'out'));
    return bootIso({
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
  }

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
    for await (const line of engine.client.streamLogs(build.id)) steps.add(line.step);
    expect([...steps]).toEqual(expect.arrayContaining(['bootstrap', 'packages', 'initramfs', 'iso']));
  });

  it('is judged by what is really in it', async () => {
    const folder = join(directory, 'judged');
    const file = build.evidence.find(({ name }) => name === 'compliance.json');
    if (file === undefined) throw new Error('the build has no report');
    const { path } = await engine.client.builds.downloadEvidence(build.id, file, folder);
    const report = complianceReportSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    expect(build.compliance).toMatchObject({ state: report.state, profiles: [{ id: 'base' }, { id: 'hipaa' }] });
    const states = Object.fromEntries(report.results.map(({ check, state }) => [check, state]));
    expect(states).toMatchObject({
      ...{
        'accounts-unique': 'pass',
        'passwords-not-empty': 'pass',
        'root-locked': 'pass',
        'account-file-modes': 'pass',
      },
      ...{
        'packages-unchanged': 'pass',
        'archives-signed': 'pass',
        'no-secrets': 'pass',
        'privileged-programs': 'pass',
      },
      ...{
        'no-world-writable': 'pass',
        'no-unowned': 'pass',
        'no-legacy-services': 'pass',
        'default-credentials': 'pass',
      },
      ...{ auditd: 'fail', 'session-timeout': 'fail', 'file-integrity': 'fail', 'disk-encryption': 'manual' },
    });
    const evidence = report.results.flatMap(({ check, evidence: lines }) =>
      check === 'default-credentials' ? lines : [],
    );
    expect(evidence).toEqual(['/etc/shadow: 1 passwords, none of them a well-known one']);
  });

  it('has evidence of what is in it, signed by the engine, and it verifies offline', async () => {
    const folder = join(directory, 'evidence');
    await engine.client.downloadArtifact(build.id, 'minimal.iso', folder);
    for (const file of build.evidence) await engine.client.builds.downloadEvidence(build.id, file, folder);
    writeFileSync(join(directory, 'key.pem'), (await engine.client.service.readSigningKey()).publicKey);
    const cli = join(import.meta.dirname, '../../cli/lbuild.mjs');
    const verify = () => {
      const argv = [cli, 'verify-artifact', folder, '--key', join(directory, 'key.pem'), '--json'];
      return spawnSync(process.execPath, argv, { encoding: 'utf8' });
    };
    const right = verify();
    expect([right.stderr, right.status]).toEqual(['', 0]);
    expect(JSON.parse(right.stdout).files).toHaveLength(build.evidence.length + 1);
    const { components } = cyclonedxDocumentSchema.parse(
      JSON.parse(readFileSync(join(folder, 'sbom.cdx.json'), 'utf8')),
    );
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['base-files', 'dpkg', 'openssh-server', 'systemd', 'minimal.iso']));
    expect(names.filter((name) => name.startsWith('linux-image-')).length).toBeGreaterThan(0);
    // Most copyright files are in the form that can be read.
    expect(components.filter(({ licenses }) => licenses !== undefined).length).toBeGreaterThan(names.length / 2);
    const iso = openSync(join(folder, 'minimal.iso'), 'r+');
    const byte = Buffer.alloc(1);
    readSync(iso, byte, 0, 1, 1_000_000);
    writeSync(iso, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 1_000_000);
    closeSync(iso);
    const wrong = verify();
    expect(wrong.status).toBe(8);
    expect(JSON.parse(wrong.stdout).findings).toEqual([
      { file: 'minimal.iso', reason: expect.stringContaining('SHA-256') },
    ]);
  });

  it('is a hit the second time: no builder is started', async () => {
    const text = readFileSync(join(import.meta.dirname, '../../presets/minimal.yaml'), 'utf8');
    const again = await engine.client.startBuild({ text, mediaType: 'application/yaml' });
    const ended = await engine.client.waitForBuild(again.id, { pollMilliseconds: 50 });
    expect(ended.state).toBe('succeeded');
    expect(ended.stages.map((stage) => stage.attempts)).toEqual([0, 0, 0]);
    expect(ended.stages.flatMap((stage) => stage.steps).every((step) => step.hit)).toBe(true);
    const digest = async (id: string) =>
      (await engine.client.builds.listArtifacts(id)).map((artifact) => artifact.sha256);
    expect(await digest(again.id)).toEqual(await digest(build.id));
  });

  it('boots with BIOS to a login prompt, and is inside as the spec says', async () => {
    const boot = await booted;
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

  it('leaves no process of a task, no mount and no tree behind', () => {
    const { processes, ...others } = leftoversOf(directory, { besideSpares: true });
    expect(others).toEqual({ mounts: [], folders: [] });
    // The engine itself is the one process that knows the folder.
    expect(processes.filter((process) => !process.startsWith(`${engine.pid} `))).toEqual([]);
  });
});
