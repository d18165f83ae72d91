import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { customizations } from '../../core/spec/capabilities.ts';
import { type OutputType, outputTypes } from '../../core/spec/releases.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';
import { askDisk } from '../support/built-disk.ts';
import { imageConfigOf, PodmanStore } from '../support/container-images.ts';
import { engineFolder, project, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { everythingFacts, moreMiB, unseen } from '../support/everything-facts.ts';
import {
  diskMiB,
  everythingPassword,
  everythingSpec,
  everythingUpload,
  sitePackages,
} from '../support/everything-spec.ts';
import { type FakeArchive, startFakeArchive } from '../support/fake-archive.ts';
import { judgeDisk } from '../support/judged-disk.ts';
import { bootDisk, bootIso, bootNetwork } from '../support/qemu.ts';
import { checkImage, type ImageFormat, imageInfo } from '../support/qemu-img.ts';
import { type ServedFolder, serveFolder } from '../support/served-folder.ts';
import { listTar, listTree, treeDifferences } from '../support/tree-listing.ts';

const mib = 1_048_576;
const upAndInside = {
  'systemctl is-system-running --wait': 'running',
  'cat /etc/motd /srv/both': 'built here\none\ntwo',
  'LC_ALL=C ls /etc/debian_version 2>&1 | grep -c "No such"; ls -A /etc/skel | wc -l': '1\n0',
};

const uefi = {
  ...({ firmware: 'uefi', timeoutSeconds: 600, expect: /edge-01 login:/, network: true } as const),
  ...{ login: { user: 'ops', password: everythingPassword }, interact: Object.keys(upAndInside) },
};

/** What no container and no WSL has: the initial RAM file system, what links to it, and device nodes. */
const onlyForBoot = /^(dev\/|boot\/initrd\.img-|initrd\.img$|vmlinuz$)/;

/** What two machines said. Neither is left running where the other fails. */
async function bothOf<First, Second>(first: Promise<First>, second: Promise<Second>): Promise<[First, Second]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

/** The whole at once: the spec that uses every section becomes every output, contained, and each of them is judged. */
describe('one spec with every customization becomes every output', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-everything-'));
  const served = join(folder, 'served');
  const store = new PodmanStore();
  /** By output, what judged it. */
  const judged = new Map<OutputType, string[]>();
  let web: ServedFolder;
  let site: FakeArchive;
  let build: BuildDetail;
  let artifacts: readonly { readonly name: string; readonly type: string; readonly size: number }[] = [];
  let tree: ReadonlyMap<string, string>;

  const steps = () => build.stages.flatMap((stage) => stage.steps);
  const secondsOf = (id: string) => (steps().find((step) => step.id === id)?.milliseconds?.program ?? 0) / 1_000;
  const at = (type: OutputType) => join(folder, artifacts.find((one) => one.type === type)?.name ?? 'missing');
  const note = (type: OutputType, how: string) => judged.set(type, [...(judged.get(type) ?? []), how]);

  beforeAll(async () => {
    mkdirSync(served);
    web = await serveFolder(served);
    site = await startFakeArchive(sitePackages, { suite: 'stable' });
    const directory = engineFolder();
    const engine = await startEngineInProcess(directory, { mode: 'contained', privateHosts: 'localhost' });
    try {
      const place = { url: site.url.replace('127.0.0.1', 'localhost'), key: site.key };
      const text = JSON.stringify(everythingSpec(place, `http://10.0.2.2:${web.port}`));
      await engine.client.uploads.send(new Blob([everythingUpload]), { name: 'sent' });
      const began = performance.now();
      const started = await engine.client.startBuild({ text, mediaType: 'application/json' });
      build = await engine.client.waitForBuild(started.id);
      expect(build.failure).toBeUndefined();
      console.log(`built in ${((performance.now() - began) / 1_000).toFixed(0)} s, its boot tests included`);
      artifacts = await engine.client.builds.listArtifacts(build.id);
      for (const { name } of artifacts) await engine.client.downloadArtifact(build.id, name, folder);
      for (const file of build.evidence)
        await engine.client.builds.downloadEvidence(build.id, file, join(folder, 'evidence'));
      writeFileSync(join(folder, 'key.pem'), (await engine.client.service.readSigningKey()).publicKey);
    } finally {
      await engine.close();
      removeFolder(directory);
    }
    execFileSync('tar', ['-xf', at('netboot'), '-C', served]);
    tree = await listTar(at('tar'), join(folder, 'tree'));
  });
  afterAll(async () => {
    store.close();
    await web?.close();
    await site?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('in one build, contained, in which each step ran', () => {
    expect(build.state).toBe('succeeded');
    expect(artifacts.map(({ type }) => type).sort()).toEqual([...outputTypes].sort());
    expect(steps().filter(({ hit }) => hit)).toEqual([]);
  });

  it('of which iso, raw and qcow2 were booted with BIOS by the tests of the spec, before they were published', () => {
    for (const type of ['iso', 'raw', 'qcow2'] as const) {
      const { facts } = steps().find(({ id }) => id === `boot-test.${type}.bios`) ?? {};
      expect(facts).toMatchObject({ firmware: 'bios', assertions: '3' });
      const log = readFileSync(join(folder, 'evidence', `boot-test.${type}.bios.log`), 'utf8');
      expect(log).toMatch(/GNU GRUB[\s\S]*lbuild-test [0-9a-f]{64}/);
      const screen = readFileSync(join(folder, 'evidence', `boot-test.${type}.bios.png`));
      expect(screen.subarray(1, 4).toString('latin1')).toBe('PNG');
      note(type, `booted with BIOS, 3 assertions held (up after ${facts?.bootSeconds} s, ${facts?.acceleration})`);
    }
  });

  it('in which each section shows from the inside (raw), and that boots with UEFI (iso, qcow2) and over the network', async () => {
    expect([...Object.keys(everythingFacts), ...unseen].sort()).toEqual([...customizations].sort());
    const facts: Readonly<Record<string, RegExp>> = Object.assign({}, ...Object.values(everythingFacts));
    const [wait, language] = ['systemctl is-system-running --wait', 'export LC_MESSAGES=C'];
    const larger = join(folder, 'larger.img');
    execFileSync('cp', ['--sparse=always', at('raw'), larger]);
    execFileSync('truncate', ['--size', `+${moreMiB}M`, larger]);
    const machine = { disk: larger, firmware: 'uefi', hostname: 'edge-01', network: true } as const;
    const script = `http://10.0.2.2:${web.port}/boot.ipxe`;
    // Two beside each other: a boot is mostly one processor's work, and where four share two, systemd waits too long.
    const [raw, iso] = await bothOf(
      askDisk(machine, [wait, language, ...Object.keys(facts)]),
      bootIso({ iso: at('iso'), ...uefi }),
    );
    const [qcow2, network] = await bothOf(
      bootDisk({ disk: at('qcow2'), format: 'qcow2', ...uefi }),
      bootNetwork({ script, ...uefi, firmware: 'bios', network: false }),
    );
    for (const [command, answer] of Object.entries(facts)) expect.soft(raw.answers[command], command).toMatch(answer);
    expect.soft(raw.answers[wait]).toBe('running');
    rmSync(larger);
    note('raw', `booted with UEFI on a larger disk, ${Object.keys(facts).length} facts inside`);
    for (const { outputs } of [iso, qcow2, network]) expect.soft(outputs).toEqual(Object.values(upAndInside));
    for (const type of ['iso', 'qcow2'] as const) note(type, 'booted with UEFI, its files read inside');
    expect(web.asked.slice(-4)).toEqual(
      ['boot.ipxe', 'vmlinuz', 'initrd.img', 'filesystem.squashfs'].map((name) => `GET ${name}`),
    );
    note('netboot', 'booted over HTTP by iPXE of QEMU’s network card, its files read inside');
  });

  it.each<[OutputType, ImageFormat]>([
    ['qcow2', 'qcow2'],
    ['vmdk', 'vmdk'],
    ['vhd', 'vpc'],
    ['vhdx', 'vhdx'],
    ['ova', 'vmdk'],
  ])('without a flaw in the form or in the disk that it holds: %s', async (type, format) => {
    const unpacked = join(folder, 'ova');
    let file = at(type);
    if (type === 'ova') {
      mkdirSync(unpacked);
      execFileSync('tar', ['--extract', '--file', file, '--directory', unpacked]);
      const sums = readFileSync(join(unpacked, 'edge.mf'), 'utf8').replace(/^SHA256\((.*)\)= (.*)$/gm, '$2  $1');
      expect(sums.trim().split('\n')).toHaveLength(2);
      execFileSync('sha256sum', ['--check', '--strict', '--quiet'], { cwd: unpacked, input: sums });
      file = join(unpacked, 'edge-disk1.vmdk');
    }
    expect(imageInfo(file, format)).toMatchObject({ size: diskMiB * mib, format });
    if (format !== 'vpc') expect(checkImage(file, format)).toMatch(/No errors were found/);
    judgeDisk(file, format, { path: '/srv/both', content: 'one\ntwo\n' });
    rmSync(unpacked, { recursive: true, force: true });
    const check = format === 'vpc' ? 'qemu-img compare' : 'qemu-img check and compare';
    note(type, `${check}, sfdisk, e2fsck, a file read${type === 'ova' ? ', its manifest by sha256sum' : ''}`);
  });

  it('of a tree that the container images hold path by path, which podman runs as the spec says', async () => {
    const configs = [`oci-archive:${at('oci')}`, `docker-archive:${at('docker')}`].map(imageConfigOf);
    expect(configs[0]).toEqual(configs[1]);
    for (const type of ['oci', 'docker'] as const) {
      const image = `registry.example/team/edge:${type}`;
      store.run('load', '--quiet', '--input', at(type));
      expect(store.inContainer(image)).toBe('from the archive\n');
      const inside = store.inShell(image, 'id -un; pwd; echo $MODE; cat /srv/both');
      expect(inside).toBe('ops\n/srv/web\nbuilt here\none\ntwo\n');
      const found = await listTree(store.run('image', 'mount', image).trim());
      store.run('image', 'unmount', image);
      expect(treeDifferences(tree, found, onlyForBoot)).toEqual([]);
      note(type, `skopeo inspect, podman load and run, ${found.size} paths as in the tar`);
    }
  });

  it('of a tree as tar and for WSL that is the one of the others', async () => {
    expect(tree.size).toBeGreaterThan(5_000);
    note('tar', `unpacked, ${tree.size} paths; the trees of oci, docker and wsl compared with it`);
    const found = await listTar(at('wsl'), join(folder, 'wsl'));
    const own = ['etc/wsl-distribution.conf', 'etc/wsl.conf'];
    expect([...found.keys()].filter((path) => !tree.has(path)).sort()).toEqual(own);
    for (const path of own) found.delete(path);
    expect(treeDifferences(tree, found, onlyForBoot)).toEqual([]);
    expect(readFileSync(join(folder, 'wsl/etc/wsl.conf'), 'utf8')).toBe(
      '[boot]\nsystemd=true\n\n[network]\nhostname=edge-01\n\n[user]\ndefault=dev\n',
    );
    note('wsl', `unpacked, ${found.size} paths as in the tar, and its settings`);
  });

  it('with evidence, of which a flipped byte in any file is found and named', () => {
    const told = build.evidence.filter(({ kind }) => kind !== 'serial-log' && kind !== 'screenshot');
    // Three of them tell what the image is by its profiles.
    expect(told).toHaveLength(10);
    const paths = [...told.map(({ name }) => join(folder, 'evidence', name)), at('oci')];
    const verify = () => {
      const argv = [join(project, 'cli/lbuild.mjs'), 'verify-artifact', ...paths, '--key', join(folder, 'key.pem')];
      const { status, stdout } = spawnSync(process.execPath, [...argv, '--json'], { encoding: 'utf8' });
      return { status, answer: JSON.parse(stdout) as unknown };
    };
    expect(verify()).toMatchObject({ status: 0, answer: { verified: true, findings: [] } });
    for (const { name } of told) {
      const place = join(folder, 'evidence', name);
      const bytes = readFileSync(place);
      const flipped = Buffer.from(bytes);
      const middle = Math.floor(flipped.length / 2);
      flipped[middle] = (flipped[middle] ?? 0) ^ 1;
      writeFileSync(place, flipped);
      const found = { verified: false, findings: [{ file: name, reason: expect.any(String) }] };
      expect(verify(), name).toMatchObject({ status: 8, answer: found });
      writeFileSync(place, bytes);
    }
  });

  it('each judged', () => {
    expect([...judged.keys()].sort()).toEqual([...outputTypes].sort());
    expect(readdirSync(served).sort()).toEqual(['boot.ipxe', 'filesystem.squashfs', 'initrd.img', 'vmlinuz']);
    const rows = outputTypes.map((type) => {
      const size = (statSync(at(type)).size / mib).toFixed(1).padStart(8);
      return `${type.padEnd(8)}${size} MiB ${secondsOf(type).toFixed(1).padStart(6)} s  ${judged.get(type)?.join('; ')}`;
    });
    const others = steps().filter(({ id }) => !outputTypes.some((type) => type === id));
    const shared = others.map(({ id }) => `${id} ${secondsOf(id).toFixed(1)} s`);
    console.log(`${rows.join('\n')}\nother steps: ${shared.join(', ')}`);
  });
});
