import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { hastened } from '../../containers/builder/programs/boot/hook-prelude.ts';
import { blobPlace } from '../../core/builds/places.ts';
import { loadPlan, scopeOf } from '../../core/builds/plan-store.ts';
import { findResult } from '../../core/builds/stage-repository.ts';
import { sha256 } from '../../core/digest.ts';
import type { OpenRunner } from '../../local/engine.ts';
import { engineFolder, project, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { type ContainerRun, podmanRunner } from '../support/podman-runner.ts';
import { listTar, treeDifferences } from '../support/tree-listing.ts';

const presetSchema = z.looseObject({
  users: z.tuple([z.looseObject({ passwordHash: z.string(), sshKeys: z.tuple([z.string()]) })]),
});
const [{ passwordHash, sshKeys }] = presetSchema.parse(
  parse(readFileSync(join(project, 'presets/minimal.yaml'), 'utf8')),
).users;

/** Every field of a spec. */
const spec = {
  schemaVersion: 1 as const,
  name: 'edge-web',
  base: { distribution: 'debian' as const, release: 'trixie' as const, architecture: 'amd64' as const },
  packages: { install: ['openssh-server', 'nginx-light'], remove: [], recommends: false },
  system: { hostname: 'edge-01', timezone: 'Europe/Berlin', locale: 'en_US.UTF-8', keyboard: 'us' },
  groups: [{ name: 'deploy' }],
  users: [{ name: 'ops', groups: ['sudo', 'deploy'], shell: '/bin/bash', sshKeys, passwordHash }],
  files: [{ path: '/etc/motd', content: 'built here\n', mode: '0644', owner: 'root', group: 'root' }],
  services: { enable: ['nginx'], disable: [], mask: [] },
  kernel: { package: 'linux-image-amd64', cmdline: ['quiet', 'console=tty0', 'console=ttyS0,115200'] },
  steps: [
    {
      id: 'site',
      // Of the lowest module's files one goes, and a folder of it is made anew.
      run: 'install -d /srv/site && echo hello > /srv/site/index.html; rm /etc/issue.net; rm -r /etc/skel; mkdir /etc/skel',
      network: false,
      timeoutSeconds: 600,
    },
  ],
  embedSpec: true,
  outputs: [{ type: 'iso' as const, label: 'EDGE' }, { type: 'raw' as const }, { type: 'tar' as const }],
};

interface Row {
  readonly seconds: number;
  readonly artifacts: Record<string, string>;
  /** diffId of each step that makes a layer. */
  readonly layers: Record<string, string>;
  /** Digest of each step that makes a module, lowest first. */
  readonly modules: Record<string, string>;
  readonly out: string;
}

/** The same spec, by builders with a container's rights and by privileged ones. */
describe('one spec in a container, contained on this machine, and privileged', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-modes-'));
  const containers: ContainerRun[] = [];
  const rows: Record<'container' | 'contained' | 'privileged', Row | undefined> = {
    container: undefined,
    contained: undefined,
    privileged: undefined,
  };

  /** Builds in a fresh engine: nothing but packages is cached. */
  async function build(name: keyof typeof rows, mode: 'contained' | 'privileged', openRunner?: OpenRunner) {
    const directory = engineFolder();
    const engine = await startEngineInProcess(directory, { mode, ...(openRunner === undefined ? {} : { openRunner }) });
    try {
      const began = performance.now();
      const started = await engine.client.startBuild(spec);
      const ended = await engine.client.waitForBuild(started.id);
      expect(ended.failure).toBeUndefined();
      expect(ended.state).toBe('succeeded');
      expect(ended.stages.flatMap((stage) => stage.steps).filter((step) => step.hit)).toEqual([]);
      const seconds = (performance.now() - began) / 1_000;
      const plan = await loadPlan(engine.ports.blobs, started.id);
      const layers: Row['layers'] = {};
      for (const step of plan.steps.filter(({ produces }) => produces === 'layer')) {
        const result = await findResult(engine.ports.table, scopeOf(step, engine.tenantId), step.key);
        layers[step.id] = result?.layer?.diffId ?? 'missing';
      }
      const out = join(folder, name);
      mkdirSync(join(out, 'modules'), { recursive: true });
      const modules: Row['modules'] = {};
      for (const step of plan.steps.filter(({ produces }) => produces === 'module')) {
        const scope = scopeOf(step, engine.tenantId);
        const digest = (await findResult(engine.ports.table, scope, step.key))?.module?.digest ?? 'missing';
        modules[step.id] = digest;
        const bytes = await engine.ports.blobs.get(blobPlace(scope, digest));
        if (bytes !== undefined) writeFileSync(join(out, 'modules', step.id), bytes);
      }
      const artifacts: Row['artifacts'] = {};
      for (const artifact of await engine.client.builds.listArtifacts(started.id)) {
        artifacts[artifact.name] = artifact.sha256;
        await engine.client.downloadArtifact(started.id, artifact.name, out);
      }
      rows[name] = { seconds, artifacts, layers, modules, out };
      const stages = ended.stages.map((stage) => `${stage.trust} ${stage.steps.length}`).join(', ');
      console.log(`${name}: ${seconds.toFixed(1)} s; steps by stage: ${stages}`);
    } finally {
      await engine.close();
      removeFolder(directory);
    }
  }

  function row(name: keyof typeof rows): Row {
    const found = rows[name];
    if (found === undefined) throw new Error(`the build ${name} did not succeed`);
    return found;
  }

  beforeAll(async () => {
    await build('container', 'contained', podmanRunner(containers));
    await build('contained', 'contained');
    await build('privileged', 'privileged');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('ran each stage of the first in a container with exactly a80425fb', () => {
    expect(containers).toEqual([
      { stageId: 's1', trust: 'service', exitCode: 0 },
      { stageId: 's2', trust: 'tenant', exitCode: 0 },
      { stageId: 's3', trust: 'seal', exitCode: 0 },
    ]);
  });

  it('makes equal layers', () => {
    expect(Object.keys(row('privileged').layers)).toEqual(
      expect.arrayContaining([
        'bootstrap',
        'kernel',
        'packages',
        'initramfs',
        'refresh',
        'system',
        'groups',
        'users',
        'files',
        'services',
        'site',
        'spec-file',
      ]),
    );
    expect(Object.values(row('privileged').layers)).not.toContain('missing');
    expect(row('container').layers).toEqual(row('privileged').layers);
    expect(row('contained').layers).toEqual(row('privileged').layers);
  });

  it('makes equal trees, path by path', async () => {
    const list = (name: 'container' | 'privileged') =>
      listTar(join(row(name).out, 'edge-web.tar.zst'), join(folder, `${name}-tree`));
    const [container, privileged] = await Promise.all([list('container'), list('privileged')]);
    expect(container.size).toBeGreaterThan(5_000);
    expect(treeDifferences(container, privileged)).toEqual([]);
    console.log(`${container.size} paths are equal`);
  });

  it('makes the initramfs that mkinitramfs makes by itself', () => {
    const tree = join(folder, 'container-tree');
    const functions = join(tree, 'usr/share/initramfs-tools/hook-functions');
    const text = readFileSync(functions, 'utf8');
    const version = readdirSync(join(tree, 'boot'))
      .find((name) => name.startsWith('vmlinuz-'))
      ?.slice('vmlinuz-'.length);
    const make = (): { readonly sha256: string; readonly seconds: number } => {
      const began = performance.now();
      const command = ['mkinitramfs', '-c', 'zstd', '-l', '1', '-o', '/boot/again', version ?? ''];
      const env = {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        SOURCE_DATE_EPOCH: '1735689600',
        LC_ALL: 'C.UTF-8',
        TMPDIR: '/tmp',
      };
      execFileSync('chroot', [tree, ...command], { env, stdio: 'ignore' });
      const made = sha256(readFileSync(join(tree, 'boot/again')));
      return { sha256: made, seconds: (performance.now() - began) / 1_000 };
    };
    const plain = make();
    const find = ['grep', '-rlaF', '--include=*.ko', 'firmware=', '/lib/modules/'];
    const named = spawnSync('chroot', [tree, ...find], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line !== '');
    const faster = hastened(text, named);
    expect(faster).toContain('lbuild_copy_file');
    writeFileSync(functions, faster);
    const hasty = make();
    writeFileSync(functions, text);
    expect(hasty.sha256).toBe(plain.sha256);
    console.log(`mkinitramfs: ${plain.seconds.toFixed(1)} s by itself, ${hasty.seconds.toFixed(1)} s hastened`);
  });

  it('makes equal modules', () => {
    expect(Object.values(row('privileged').modules)).not.toContain('missing');
    expect(row('container').modules).toEqual(row('privileged').modules);
    expect(row('contained').modules).toEqual(row('privileged').modules);
  });

  it('has no host key, machine id or private key in any module', () => {
    mkdirSync(join(folder, 'lower'));
    for (const step of Object.keys(row('container').modules)) {
      const module = join(row('container').out, 'modules', step);
      execFileSync('unsquashfs', ['-q', '-n', '-d', join(folder, 'lower', step), module], { stdio: 'ignore' });
    }
    const files = readdirSync(join(folder, 'lower'), { withFileTypes: true, recursive: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeGreaterThan(5_000);
    const held = files.filter((entry) => {
      const path = join(entry.parentPath, entry.name);
      if (/ssh_host_.*key/.test(entry.name)) return true;
      if (/\/(etc|var\/lib\/dbus)\/machine-id$/.test(path)) return statSync(path).size > 0;
      if (statSync(path).size > 1_000_000) return false;
      return /^-----BEGIN [A-Z ]*PRIVATE KEY-----$/m.test(readFileSync(path, 'latin1'));
    });
    expect(held.map((entry) => join(entry.parentPath, entry.name))).toEqual([]);
  });

  it('makes equal artifacts', () => {
    expect(Object.keys(row('privileged').artifacts).sort()).toEqual([
      'edge-web.img',
      'edge-web.iso',
      'edge-web.tar.zst',
    ]);
    expect(row('container').artifacts).toEqual(row('privileged').artifacts);
    expect(row('contained').artifacts).toEqual(row('privileged').artifacts);
  });
});
