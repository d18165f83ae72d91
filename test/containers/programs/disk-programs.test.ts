import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ovfDescriptor } from '../../../containers/builder/programs/disk-formats/ovf-descriptor.ts';
import { ova } from '../../../containers/builder/programs/ova.ts';
import { qcow2 } from '../../../containers/builder/programs/qcow2.ts';
import { raw } from '../../../containers/builder/programs/raw.ts';
import { vhd } from '../../../containers/builder/programs/vhd.ts';
import { vhdx } from '../../../containers/builder/programs/vhdx.ts';
import { vmdk } from '../../../containers/builder/programs/vmdk.ts';
import { distributions } from '../../../core/distributions/registry.ts';
import { builderRootForTests } from '../../support/builder-parts.ts';
import { bytesAt } from '../../support/disk-image.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { compareImage, imageInfo } from '../../support/qemu-img.ts';
import { useFolders } from '../../support/temporary-folders.ts';
import { unclosedElements } from '../../support/xml.ts';
import { plant, smallTree } from './small-tree.ts';

const mib = 1_048_576;
const key = 'a1'.repeat(32);
const folder = useFolders('disk-programs');
const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

describe('the programs of the forms of a disk', () => {
  const options = { label: 'EDGE', cmdline: ['quiet'], hostname: 'edge-01' };
  const boot = { 'boot/vmlinuz-6.1.0-9-amd64': 'kernel', 'boot/initrd.img-6.1.0-9-amd64': 'initrd' };
  const machine = { name: 'edge-web', cpus: 4, memoryMiB: 1_024 };
  const base = folder();
  const bench = { tree: join(base, 'tree'), scratch: join(base, 'scratch') };
  const settings = { contained: true, key };
  let builderRoot = '';
  let disk = '';

  beforeAll(async () => {
    builderRoot = await builderRootForTests();
    for (const path of Object.values(bench)) mkdirSync(path);
    await plant(bench.tree, { ...smallTree, ...boot });
    const made = await runProgram(raw, { ...options, fileName: 'edge.img' }, { ...bench, ...settings, builderRoot });
    disk = made.artifact?.file ?? '';
  }, 240_000);

  it.each([
    { program: qcow2, more: { compression: 'zstd' }, format: 'qcow2' },
    { program: vmdk, more: { subformat: 'streamOptimized' }, format: 'vmdk' },
    { program: vhd, more: { subformat: 'fixed' }, format: 'vpc' },
    { program: vhdx, more: {}, format: 'vhdx' },
  ] as const)('make the disk of raw in their form: $program.declaration.name', async ({ program, more, format }) => {
    const { name } = program.declaration;
    const scratch = join(base, name);
    mkdirSync(scratch);
    const { artifact, facts } = await runProgram(
      program,
      { ...options, ...more, fileName: `edge.${name}` },
      { ...settings, tree: bench.tree, scratch, builderRoot },
    );
    expect(artifact).toMatchObject({ name: `edge.${name}` });
    expect(facts).toEqual({ kernel: '6.1.0-9-amd64', sizeMiB: '512' });
    const file = artifact?.file ?? '';
    expect(compareImage(disk, file, format)).toMatch(/Images are identical/);
    if (artifact?.written !== undefined) {
      expect(artifact.written).toEqual({ size: statSync(file).size, sha256: sha256(file) });
    }
  });

  it('make a machine of a descriptor, a manifest and a disk, in this order and without times', () =>
    withBenchFolder(async (bench) => {
      await plant(bench.tree, { ...smallTree, ...boot });
      const settings = { ...bench, builderRoot, contained: true, key };
      const made = await runProgram(ova, { ...options, ...machine, fileName: 'edge.ova' }, settings);
      const file = made.artifact?.file ?? '';
      const listed = execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', file], {
        encoding: 'utf8',
        env: { ...process.env, TZ: 'UTC' },
      });
      expect(
        listed
          .trim()
          .split('\n')
          .map((line) => line.replace(/ +\d+ (?=\d{4}-)/, ' ')),
      ).toEqual(
        ['edge-web.ovf', 'edge-web.mf', 'edge-web-disk1.vmdk'].map((name) => `-rw-r--r-- 0/0 1970-01-01 00:00 ${name}`),
      );
      expect(bytesAt(file, 257, 8).toString('latin1')).toBe('ustar\x0000');
      execFileSync('tar', ['--extract', '--file', file, '--directory', bench.outside]);
      const at = (name: string) => join(bench.outside, name);
      expect(readFileSync(at('edge-web.mf'), 'utf8')).toBe(
        ['edge-web.ovf', 'edge-web-disk1.vmdk'].map((name) => `SHA256(${name})= ${sha256(at(name))}\n`).join(''),
      );
      const text = readFileSync(at('edge-web.ovf'), 'utf8');
      expect(text).toContain(`ovf:href="edge-web-disk1.vmdk" ovf:size="${statSync(at('edge-web-disk1.vmdk')).size}"`);
      expect(text).toContain(`ovf:capacity="${512 * mib}" ovf:capacityAllocationUnits="byte"`);
      expect(text).toContain('<rasd:VirtualQuantity>4</rasd:VirtualQuantity>');
      expect(text).toContain('<rasd:VirtualQuantity>1024</rasd:VirtualQuantity>');
      expect(text).not.toContain('firmware');
      expect(unclosedElements(text)).toEqual([]);
      expect(imageInfo(at('edge-web-disk1.vmdk'), 'vmdk')).toMatchObject({ size: 512 * mib });
      expect(bytesAt(at('edge-web-disk1.vmdk'), 512, 1_000).toString('latin1')).toContain(
        'RW 1048576 SPARSE "edge-web-disk1.vmdk"',
      );
      expect(made.facts).toEqual({ kernel: '6.1.0-9-amd64', sizeMiB: '512' });
      await withBenchFolder(async (other) => {
        execFileSync('cp', ['-a', `${bench.tree}/.`, other.tree]);
        const again = await runProgram(
          ova,
          { ...options, ...machine, fileName: 'other.ova' },
          { ...other, builderRoot, contained: true, key },
        );
        expect(sha256(again.artifact?.file ?? '')).toBe(sha256(file));
      });
    }));

  it('give a machine of arm64 the one firmware that it boots with', () => {
    const { operatingSystem } = distributions.ubuntu;
    const disk = { file: 'edge-disk1.vmdk', fileBytes: 1_024, bytes: 512 * mib };
    const text = ovfDescriptor({
      name: 'edge',
      architecture: 'arm64',
      operatingSystem,
      cpus: 2,
      memoryMiB: 2_048,
      disk,
    });
    expect(text).toContain('vmw:key="firmware" vmw:value="efi"');
    expect(text).toContain('<OperatingSystemSection ovf:id="94">');
    expect(text).toContain('<Description>Ubuntu, 64 bits</Description>');
    expect(unclosedElements(text)).toEqual([]);
  });

  it('name the output whose size is too small', () =>
    withBenchFolder(async (bench) => {
      await plant(bench.tree, { ...smallTree, ...boot });
      execFileSync('truncate', ['-s', '900M', join(bench.tree, 'srv-file')]);
      const small = { ...options, fileName: 'edge.vhdx', sizeMiB: 600 };
      await expect(runProgram(vhdx, small, { ...bench, builderRoot, key })).rejects.toThrow(
        /^outputs, type vhdx: sizeMiB is 600, and the image needs at least \d+;/,
      );
    }));
});
