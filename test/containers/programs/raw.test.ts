import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootMenu } from '../../../containers/builder/programs/disk/boot-menu.ts';
import { diskLayout } from '../../../containers/builder/programs/disk/disk-layout.ts';
import { diskIdentity, fatUuid } from '../../../containers/builder/programs/disk/identity.ts';
import { bytesAt, ext4At, extractPart, factsOf, readTable, verifyTable } from '../../support/disk-image.ts';
import { rawCapability, setXattr } from '../../support/layer-trees.ts';
import { benchEpoch, runCommand, withBenchFolder } from '../../support/program-bench.ts';
import { listTree } from '../../support/tree-listing.ts';
import { boot, diskKey, type Folder, mib, useRaw } from './disk-bench.ts';
import { plant, smallTree } from './small-tree.ts';

const bench = useRaw();

async function makeDisk(folder: Folder, more: object = {}, log: string[] = []) {
  const made = await bench.make(folder, more, log);
  const [bios, efi, root] = readTable(made.file).partitions;
  if (bios === undefined || efi === undefined || root === undefined) throw new Error('there are three partitions');
  return { ...made, bios, efi, root, ext4: ext4At(made.file, root.start * 512) };
}

/** A tree with all that a file system can hold. */
async function plantAll(tree: string): Promise<void> {
  await plant(tree, { ...smallTree, ...boot, 'usr/bin/ping': 'ping', 'usr/bin/su': 'su', 'srv/one': 'linked' });
  const at = (path: string) => join(tree, path);
  chmodSync(at('usr/bin/su'), 0o4755);
  symlinkSync('x'.repeat(200), at('srv/long-link'));
  symlinkSync('one', at('srv/short-link'));
  mkdirSync(at('dev'));
  execFileSync('mknod', [at('dev/null'), 'c', '1', '3']);
  execFileSync('mkfifo', [at('srv/fifo')]);
  setXattr(at('usr/bin/ping'), 'security.capability', rawCapability);
  setXattr(at('srv/one'), 'user.note', Buffer.from('kept').toString('hex'));
  linkSync(at('srv/one'), at('srv/two'));
  execFileSync('chown', ['-h', '1234:70000', at('srv/short-link'), at('srv/one')]);
  mkdirSync(at('srv/sticky'), { mode: 0o700 });
  chmodSync(at('srv/sticky'), 0o1777);
  writeFileSync(Buffer.concat([Buffer.from(`${at('srv')}/odd "\n rm passwd \\`), Buffer.from([0xff])]), 'odd');
  execFileSync('truncate', ['-s', '5M', at('srv/holes')]);
  execFileSync('find', [tree, '-exec', 'touch', '-h', '-d', `@${benchEpoch - 1_000}`, '{}', '+']);
}

describe('a disk image', () => {
  it('has a partition table that sfdisk finds right, with the copy at the end', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot });
      const { outcome, file, bios, efi, root } = await makeDisk(folder);
      expect(outcome.artifact).toMatchObject({ name: 'edge.img' });
      expect(outcome.facts).toEqual({ kernel: '6.1.0-9-amd64', sizeMiB: '512' });
      expect(lstatSync(file).size).toBe(512 * mib);
      expect(lstatSync(file).blocks * 512).toBeLessThan(16 * mib);
      expect(verifyTable(file)).toMatch(/No errors detected/);
      const { label, id, sectorsize } = readTable(file);
      expect({ label, sectorsize }).toEqual({ label: 'gpt', sectorsize: 512 });
      const identity = diskIdentity(diskKey);
      expect(id.toLowerCase()).toBe(identity.disk);
      const seen = [bios, efi, root].map(({ type, uuid, name }) => ({
        ...{ name, type: type.toLowerCase(), uuid: uuid.toLowerCase() },
      }));
      expect(seen).toEqual([
        { name: 'bios', type: '21686148-6449-6e6f-744e-656564454649', uuid: identity.biosBootPartition },
        { name: 'esp', type: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b', uuid: identity.efiPartition },
        { name: 'root', type: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709', uuid: identity.rootPartition },
      ]);
      expect([bios.start, efi.start, root.start, root.start + root.size].map((sector) => (sector * 512) / mib)).toEqual(
        [1, 2, 66, 511],
      );
      // The first table gone: sfdisk then reads the copy.
      const copy = join(folder.scratch, 'copy.img');
      execFileSync('cp', ['--sparse=always', file, copy]);
      execFileSync('dd', ['if=/dev/zero', `of=${copy}`, 'bs=512', 'seek=1', 'count=33', 'conv=notrunc', 'status=none']);
      expect(readTable(copy).partitions.map(({ uuid }) => uuid)).toEqual([bios.uuid, efi.uuid, root.uuid]);
    }));

  it('has a BIOS loader whose stages name each other by sector', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot });
      const { file, bios } = await makeDisk(folder);
      const sector = bytesAt(file, 0, 512);
      expect(sector.readBigUInt64LE(0x5c)).toBe(BigInt(bios.start));
      expect(sector.toString('hex', 0x66, 0x68)).toBe('9090');
      expect(sector.toString('latin1')).toContain('GRUB');
      expect(sector.toString('hex', 0x1fe)).toBe('55aa');
      const first = bytesAt(file, bios.start * 512, 512);
      expect(first.readBigUInt64LE(0x1f4)).toBe(BigInt(bios.start + 1));
      // The count of the other sectors, which grub-mkimage fills in.
      const sectors = first.readUInt16LE(0x1fc);
      expect(sectors).toBeGreaterThan(50);
      expect(bytesAt(file, (bios.start + sectors) * 512, 512).some((byte) => byte !== 0)).toBe(true);
    }));

  it('has file systems in which the checkers find nothing to mend', () =>
    withBenchFolder(async (folder) => {
      await plantAll(folder.tree);
      const { file, efi, root, ext4 } = await makeDisk(folder);
      expect(ext4.check()).toMatch(/\/12\d\d\d|files \(/);
      const esp = join(folder.scratch, 'esp.img');
      extractPart(file, efi.start * 512, efi.size * 512, esp);
      const judged = await runCommand({ ...folder, builderRoot: bench.builderRoot }, ['fsck.fat', '-n', esp], {});
      expect(judged.stdout).toMatch(/: 3 files, /);
      const probe = (argv: string[]) => execFileSync('blkid', ['-p', '-o', 'export', ...argv], { encoding: 'utf8' });
      const identity = diskIdentity(diskKey);
      const fat = probe([esp]);
      expect(fat).toContain('VERSION=FAT32');
      expect(fat).toContain(`UUID=${fatUuid(identity.efiSerial)}\n`);
      const rootProbe = probe(['-O', String(root.start * 512), '-S', String(root.size * 512), file]);
      expect(rootProbe).toContain(`UUID=${identity.rootFileSystem}`);
      expect(rootProbe).toContain('LABEL=EDGE');
      expect(rootProbe).toContain('TYPE=ext4');
    }));

  it('holds the tree as it is, with links, owners, attributes, devices and names of any bytes', () =>
    withBenchFolder(async (folder) => {
      await plantAll(folder.tree);
      const before = await listTree(folder.tree);
      const { ext4 } = await makeDisk(folder);
      expect(await listTree(folder.tree)).toEqual(before);

      const paths = [...before.keys()].filter((path) => /^[\w./@-]+$/.test(path) && !/^(\.|etc|boot)$/.test(path));
      expect(paths.length).toBeGreaterThan(30);
      expect(ext4.facts(paths)).toEqual(factsOf(folder.tree, paths));
      const out = join(folder.outside, 'copy');
      mkdirSync(out);
      ext4.copyTo(out);
      for (const path of ['lost+found', 'boot/efi', 'boot/grub', 'etc/fstab']) {
        execFileSync('rm', ['-r', join(out, path)]);
      }
      // Contents, names and targets of links; debugfs copies no device, which is looked at below.
      for (const path of ['dev/null', 'srv/fifo']) execFileSync('rm', ['-f', join(folder.tree, path), join(out, path)]);
      execFileSync('diff', ['-r', '--no-dereference', folder.tree, out]);

      const inode = (path: string) => /Inode: (\d+)/.exec(ext4.stat(path))?.[1];
      expect(inode('/srv/two')).toBe(inode('/srv/one'));
      expect(ext4.stat('/srv/one')).toMatch(/User: {2}1234 {3}Group: 70000/);
      expect(ext4.stat('/srv/one')).toMatch(/Links: 2/);
      expect(ext4.stat('/srv/holes')).toMatch(/Size: 5242880\n[^\n]*\n?.*Blockcount: 0/s);
      expect(ext4.stat('/dev/null')).toMatch(/character special[\s\S]*\(1, ?3|01:03/);
      expect(ext4.stat('/srv/fifo')).toMatch(/Type: FIFO/);
      expect(ext4.attribute('/usr/bin/ping', 'security.capability')).toBe(rawCapability);
      expect(Buffer.from(ext4.attribute('/srv/one', 'user.note'), 'hex').toString()).toBe('kept');
    }));

  it('has the same bytes for equal trees, wherever they lie and whatever was read of them', () =>
    withBenchFolder(async (folder) => {
      await plantAll(folder.tree);
      const { file } = await makeDisk(folder);
      const sameAs = (other: string) => spawnSync('cmp', [file, other]).status === 0;
      await withBenchFolder(async (other) => {
        // Another order of names in the folders, other times of access and change, no holes.
        for (const name of readdirSync(folder.tree).reverse()) {
          execFileSync('cp', ['-a', '--sparse=never', join(folder.tree, name), other.tree]);
        }
        execFileSync('touch', ['-r', folder.tree, other.tree]);
        utimesSync(join(other.tree, 'srv/one'), 1_000_000_000, benchEpoch - 1_000);
        expect(sameAs((await makeDisk(other)).file)).toBe(true);
      });
      await withBenchFolder(async (other) => {
        execFileSync('cp', ['-a', `${folder.tree}/.`, other.tree]);
        writeFileSync(join(other.tree, 'srv/one'), 'Linked');
        expect(sameAs((await makeDisk(other)).file)).toBe(false);
      });
    }));

  it('has a table of file systems and a boot menu that the tree has not', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot, 'etc/fstab': '# mine\ntmpfs /srv tmpfs' });
      const { ext4 } = await makeDisk(folder);
      const { rootFileSystem, efiSerial } = diskIdentity(diskKey);
      expect(ext4.read('/etc/fstab')).toBe(
        [
          ...['# mine', 'tmpfs /srv tmpfs', `UUID=${rootFileSystem} / ext4 errors=remount-ro 0 1`],
          `UUID=${fatUuid(efiSerial)} /boot/efi vfat umask=0077,nofail 0 0`,
          '',
        ].join('\n'),
      );
      expect(ext4.stat('/etc/fstab')).toMatch(/Mode: {2}0644[\s\S]*User: +0 +Group: +0/);
      expect(ext4.stat('/boot/efi')).toMatch(/Type: directory/);
      expect(ext4.read('/boot/grub/grub.cfg')).toBe(bootMenu('edge-01', rootFileSystem, ['quiet', 'console=ttyS0']));
    }));

  it('leaves a boot menu that the tree has, and says so', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot, 'boot/grub/grub.cfg': '# mine\n' });
      const log: string[] = [];
      const { ext4 } = await makeDisk(folder, {}, log);
      expect(ext4.read('/boot/grub/grub.cfg')).toBe('# mine\n');
      expect(log).toContainEqual(expect.stringContaining("/boot/grub/grub.cfg is the image's own"));
    }));

  it('follows the links of a tree inside the image', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot });
      execFileSync('mv', [join(folder.tree, 'etc'), join(folder.tree, 'usr/etc')]);
      symlinkSync('/usr/etc', join(folder.tree, 'etc'));
      symlinkSync(folder.outside, join(folder.tree, 'boot/grub'));
      const { ext4 } = await makeDisk(folder);
      expect(readdirSync(folder.outside)).toEqual([]);
      expect(ext4.read('/usr/etc/fstab')).toContain(' / ext4 ');
      expect(ext4.read(`${folder.outside}/grub.cfg`)).toContain('menuentry');
      expect(ext4.check()).toMatch(/files \(/);
    }));

  it.each([
    ['a file in the place of a folder', (grub: string) => writeFileSync(grub, ''), 'stands in its way'],
    [
      'a link that debugfs would take for commands',
      (grub: string) => symlinkSync('x\nrm /etc/passwd', grub),
      'leads to',
    ],
  ])('refuses %s', (_, make, words) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot });
      make(join(folder.tree, 'boot/grub'));
      await expect(makeDisk(folder)).rejects.toThrow(words);
    }),
  );

  it('needs a kernel with an initial RAM file system', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, 'boot/vmlinuz-6.1.0-9-amd64': 'kernel' });
      await expect(makeDisk(folder)).rejects.toThrow(/no kernel with an initial RAM file system/);
    }));
});

describe('disks of arm64', () => {
  it('have no BIOS partition, and the root type of the architecture', () => {
    const layout = diskLayout(512, 'arm64', diskIdentity(diskKey));
    expect(layout.biosBoot).toBeUndefined();
    expect([layout.efi.offset, layout.root.offset, layout.root.offset + layout.root.bytes]).toEqual([
      ...[mib, 65 * mib, 511 * mib],
    ]);
    expect(layout.root.type).toBe('b921b045-1df0-41c3-af44-4c6f280d3fae');
  });
});

describe('the boot menu', () => {
  it('is a script that GRUB reads, whatever users give', () => {
    const text = bootMenu("it's } $x", '1-2', ['quiet', "a='x; reboot'", 'b=$(c)', 'console=ttyS0']);
    const judged = spawnSync('chroot', [bench.builderRoot, 'grub-script-check'], { input: text, encoding: 'utf8' });
    expect(judged).toMatchObject({ status: 0, stderr: '' });
    expect(text).toContain(`'root=UUID=1-2' 'ro' 'quiet' 'a='\\''x; reboot'\\''' 'b=$(c)'`);
    expect(text).toContain('serial --unit=0 --speed=115200');
  });
});
