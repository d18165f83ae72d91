import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkSpec } from '../../../core/spec/check.ts';
import { specDigest } from '../../../core/spec/resolve.ts';
import { everything, sampleSpec } from './sample-spec.ts';

function resolved(input: unknown) {
  const checked = checkSpec(input, everything);
  if (!checked.ok) throw new Error(JSON.stringify(checked.errors));
  return checked.spec;
}

describe('a resolved spec', () => {
  it('has every default filled', () => {
    expect(
      resolved({ schemaVersion: 1, name: 'edge-web', base: { release: 'trixie', architecture: 'arm64' } }),
    ).toEqual({
      schemaVersion: 1,
      name: 'edge-web',
      base: { distribution: 'debian', release: 'trixie', architecture: 'arm64' },
      packages: { install: [], remove: [], recommends: false },
      system: { hostname: 'edge-web', timezone: 'UTC', locale: 'C.UTF-8', keyboard: 'us' },
      groups: [],
      users: [],
      files: [],
      services: { enable: [], disable: [], mask: [] },
      kernel: { package: 'linux-image-arm64', cmdline: [] },
      steps: [],
      outputs: [{ type: 'iso', label: 'EDGE_WEB' }],
    });
  });

  it('has the defaults of users and files filled', () => {
    const spec = resolved(sampleSpec({ users: [{ name: 'ops' }], files: [{ path: '/srv/a', content: '' }] }));
    expect(spec.users).toEqual([
      { name: 'ops', groups: [], shell: '/bin/bash', home: '/home/ops', comment: '', sshKeys: [] },
    ]);
    expect(spec.files).toEqual([{ path: '/srv/a', content: '', mode: '0644', owner: 'root', group: 'root' }]);
  });

  it('lets a step without needs follow the one before it, and `[]` only the declarative base', () => {
    const steps = ['a', 'b', 'c'].map((id) => ({ id, run: 'true', ...(id === 'c' ? { needs: [] } : {}) }));
    expect(resolved(sampleSpec({ steps })).steps).toEqual([
      { id: 'a', run: 'true', needs: [], network: false, timeoutSeconds: 600 },
      { id: 'b', run: 'true', needs: ['a'], network: false, timeoutSeconds: 600 },
      { id: 'c', run: 'true', needs: [], network: false, timeoutSeconds: 600 },
    ]);
  });

  it('has its unordered lists sorted and its units named in full, and keeps the order that means something', () => {
    const spec = resolved(
      sampleSpec({
        packages: { install: ['zsh', 'bash'] },
        services: { enable: ['ssh', 'a.socket'] },
        users: [{ name: 'zoe' }, { name: 'abe' }],
        kernel: { cmdline: ['z', 'a'] },
      }),
    );
    expect(spec.packages.install).toEqual(['bash', 'zsh']);
    expect(spec.services.enable).toEqual(['a.socket', 'ssh.service']);
    expect(spec.users.map(({ name }) => name)).toEqual(['zoe', 'abe']);
    expect(spec.kernel.cmdline).toEqual(['z', 'a']);
  });

  it('says nothing of what it was told nothing of, and leaves out lists in which nothing is', () => {
    const spec = resolved(sampleSpec({ directories: [], remove: [], firstBoot: [], packages: { pins: [], hold: [] } }));
    expect(specDigest(spec)).toBe(specDigest(resolved(sampleSpec())));
    expect(
      Object.keys(spec).filter((name) => ['directories', 'remove', 'firstBoot', 'rootAccount'].includes(name)),
    ).toEqual([]);
  });

  it('has folders, removals, pins and holds sorted, sudo written out, and scripts in their order', () => {
    const spec = resolved(
      sampleSpec({
        directories: [{ path: '/srv/b' }, { path: '/srv/a', mode: '2775', group: '5' }],
        remove: [{ path: '/srv/d', ifPresent: true }, { path: '/srv/c' }],
        users: [{ name: 'a', sudo: true }, { name: 'b', sudo: { commands: ['/bin/z', '/bin/a'] } }, { name: 'c' }],
        rootAccount: {},
        packages: {
          hold: ['zsh', 'bash'],
          pins: [
            { package: 'zsh', version: '5.*', priority: 1 },
            { package: 'bash', release: 'trixie', priority: -1 },
          ],
        },
        firstBoot: [
          { name: 'z', run: 'true' },
          { name: 'a', run: 'true', network: true },
        ],
      }),
    );
    expect(spec.directories).toEqual([
      { path: '/srv/a', mode: '2775', owner: 'root', group: '5' },
      { path: '/srv/b', mode: '0755', owner: 'root', group: 'root' },
    ]);
    expect(spec.remove).toEqual([
      { path: '/srv/c', ifPresent: false },
      { path: '/srv/d', ifPresent: true },
    ]);
    expect(spec.users.map(({ sudo }) => sudo)).toEqual([
      { passwordless: false },
      { passwordless: false, commands: ['/bin/a', '/bin/z'] },
      undefined,
    ]);
    expect(spec.rootAccount).toEqual({ sshKeys: [] });
    expect(spec.packages.hold).toEqual(['bash', 'zsh']);
    expect(spec.packages.pins?.map((pin) => pin.package)).toEqual(['bash', 'zsh']);
    const script = { run: 'true', network: false, ignoreFailure: false, timeoutSeconds: 600 };
    expect(spec.firstBoot).toEqual([
      { ...script, name: 'z' },
      { ...script, name: 'a', network: true },
    ]);
  });

  it('cuts the label of a long name', () => {
    const outputs = [{ type: 'iso' }, { type: 'raw', sizeMiB: 2_048 }];
    expect(resolved(sampleSpec({ name: `a-${'b'.repeat(61)}`, outputs })).outputs).toEqual([
      { type: 'iso', label: `A_${'B'.repeat(30)}` },
      { type: 'raw', sizeMiB: 2_048, label: `A_${'B'.repeat(14)}` },
    ]);
  });
});

describe('a disk', () => {
  const diskOf = (output: object) => resolved(sampleSpec({ name: 'edge-web', outputs: [output] })).outputs[0];

  it('has every default filled, in each form', () => {
    const label = 'EDGE_WEB';
    expect(diskOf({ type: 'qcow2' })).toEqual({ type: 'qcow2', label, compression: 'zstd' });
    expect(diskOf({ type: 'vmdk' })).toEqual({ type: 'vmdk', label, subformat: 'streamOptimized' });
    expect(diskOf({ type: 'vhd' })).toEqual({ type: 'vhd', label, subformat: 'dynamic' });
    expect(diskOf({ type: 'vhdx', sizeMiB: 1_024 })).toEqual({ type: 'vhdx', label, sizeMiB: 1_024 });
    expect(diskOf({ type: 'ova', label: 'A' })).toEqual({ type: 'ova', label: 'A', cpus: 2, memoryMiB: 2_048 });
  });
});

describe('a container image', () => {
  const imageOf = (output: object, name = 'edge-web') => resolved(sampleSpec({ name, outputs: [output] })).outputs[0];

  it('has every default filled', () => {
    const image = { name: 'edge-web', tag: 'latest', entrypoint: [], cmd: ['/bin/sh'], env: {}, exposedPorts: [] };
    expect(imageOf({ type: 'oci' })).toEqual({ type: 'oci', compression: 'gzip', ...image, labels: {} });
    expect(imageOf({ type: 'docker' })).toEqual({ type: 'docker', ...image, labels: {} });
  });

  it('runs no shell where it has an entrypoint, and nothing where that is asked for', () => {
    expect(imageOf({ type: 'oci', entrypoint: ['/bin/x'] })).toMatchObject({ entrypoint: ['/bin/x'], cmd: [] });
    expect(imageOf({ type: 'oci', cmd: [] })).toMatchObject({ cmd: [] });
  });

  it('has its ports sorted and named in full, and keeps the order of words', () => {
    const output = { type: 'docker', exposedPorts: ['80', '53/udp', '443'], cmd: ['z', 'a'] };
    expect(imageOf(output)).toMatchObject({ exposedPorts: ['443/tcp', '53/udp', '80/tcp'], cmd: ['z', 'a'] });
  });

  it.each(['edge', 'a.b_c__d-e--f/g', 'registry.example:5000/team/edge', 'localhost/x', '10.0.0.1/x', 'a'.repeat(255)])(
    'may be called %s',
    (name) => expect(imageOf({ type: 'oci', name })).toMatchObject({ name }),
  );
});

describe('the presets', () => {
  // A digest changes where the preset or what a spec resolves to changes: then plans change too, and so does this line.
  it.each([
    ['container-host', '2e3ed18d06249781bc9e6575e9d8dfe81ace15f4ac18a03bb117af80baa8a163'],
    ['database', 'e4f71ffd5757b3962e9a3c4a0ab5e92ba7ed309e12d4b9243f589968e33bded7'],
    ['kiosk-desktop', '830ad02ef82ab76d58b94a382bf0a102906851ab908ec8ce594442c68bef2944'],
    ['minimal', 'becd3a0aabbf83e198b2180ce5127a9f6393b22d419b6f4ccc3aab57ec8f4f25'],
    ['rescue', '95693397a3586ff8dab887db316f49fac7c23dde12b8f06c7c2fbf0ac16146c4'],
    ['web-server', '165c6737b851f65ab3c727f298ff5620167d6a26da886c9adcfd1324826a292c'],
  ])('%s resolves to the spec of its digest', (name, digest) => {
    const text = readFileSync(new URL(`../../../presets/${name}.yaml`, import.meta.url), 'utf8');
    expect(specDigest(resolved(parse(text)))).toBe(digest);
  });
});
