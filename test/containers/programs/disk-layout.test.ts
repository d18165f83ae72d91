import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskIdentity, fatUuid, partitionIdentity } from '../../../containers/builder/programs/disk/identity.ts';
import { qcow2 } from '../../../containers/builder/programs/qcow2.ts';
import { factsOf, verifyTable } from '../../support/disk-image.ts';
import { rawCapability, setXattr } from '../../support/layer-trees.ts';
import { benchEpoch, runCommand, runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { compareImage } from '../../support/qemu-img.ts';
import { listTree } from '../../support/tree-listing.ts';
import { boot, diskKey, type Folder, mib, partitionsOf, useRaw, usualDisk } from './disk-bench.ts';
import { plant, smallTree } from './small-tree.ts';

const identity = diskIdentity(diskKey);
const bench = useRaw();

async function makeDisk(folder: Folder, layout: object, more: object = {}) {
  const made = await bench.make(folder, { cmdline: ['quiet'], ...more, layout });
  return { ...made, ...partitionsOf(made.file) };
}

/** /var, /var/log, /home and the firmware's folder hold something; /srv/data is not there. */
async function plantAll(tree: string): Promise<void> {
  await plant(tree, {
    ...{
      ...smallTree,
      ...boot,
      'var/lib/state': 'state',
      'srv/kept': 'kept',
      'var/log/wtmp': '',
      'var/log/app/log': 'lines',
    },
    ...{ 'home/ops/.profile': 'umask 022\n', 'opt/fw/config.txt': 'arm_64bit=1\n', 'opt/fw/overlays/a.dtbo': 'a' },
  });
  const at = (path: string) => join(tree, path);
  linkSync(at('var/lib/state'), at('var/lib/again'));
  // One file of two file systems.
  linkSync(at('var/lib/state'), at('srv/linked'));
  symlinkSync('/etc/passwd', at('home/ops/link'));
  setXattr(at('var/lib/state'), 'user.note', Buffer.from('kept').toString('hex'));
  setXattr(at('var/lib/state'), 'security.capability', rawCapability);
  execFileSync('mkfifo', [at('var/log/fifo')]);
  execFileSync('truncate', ['-s', '5M', at('var/lib/holes')]);
  execFileSync('chown', ['-R', '1000:1000', at('home/ops')]);
  execFileSync('chown', ['0:50', at('var/log')]);
  chmodSync(at('var/log'), 0o2775);
  writeFileSync(Buffer.concat([Buffer.from(`${at('var/log')}/odd "\n rm passwd \\`), Buffer.from([0xff])]), 'odd');
  execFileSync('find', [tree, '-exec', 'touch', '-h', '-d', `@${benchEpoch - 1_000}`, '{}', '+']);
}

const layout = {
  efi: { sizeMiB: 80 },
  partitions: [
    { mountPoint: '/home', fileSystem: 'ext4', share: 20, options: ['nodev', 'nosuid'] },
    { mountPoint: '/opt/fw', fileSystem: 'vfat', sizeMiB: 64 },
    { mountPoint: '/srv/data', fileSystem: 'ext4', sizeMiB: 64 },
    { mountPoint: '/var', fileSystem: 'ext4', sizeMiB: 128 },
    { mountPoint: '/var/log', fileSystem: 'ext4', sizeMiB: 96 },
  ],
  swap: { sizeMiB: 32, kind: 'partition' },
};

describe('a divided disk', () => {
  it('has the partitions of the spec, each of its size and type, and the root last', () =>
    withBenchFolder(async (folder) => {
      await plantAll(folder.tree);
      const { file, partitions, outcome } = await makeDisk(folder, layout, { sizeMiB: 1_024 });
      expect(verifyTable(file)).toMatch(/No errors detected/);
      expect(outcome.facts).toMatchObject({ sizeMiB: '1024' });
      const linux = '0fc63daf-8483-4772-8e79-3d69d8477de4';
      const rest = 1_024 - 2 - 1 - 80 - 32 - 64 - 64 - 128 - 96;
      expect(partitions.map(({ name, type, size }) => [name, type.toLowerCase(), (size * 512) / mib])).toEqual([
        ['bios', '21686148-6449-6e6f-744e-656564454649', 1],
        ['esp', 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b', 80],
        ['swap', '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f', 32],
        ['home', linux, Math.floor(rest / 5)],
        ['opt-fw', 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7', 64],
        ['srv-data', linux, 64],
        ['var', linux, 128],
        ['var-log', linux, 96],
        ['root', '4f68bce3-e8cd-4db1-96e7-fbcaf984b709', rest - Math.floor(rest / 5)],
      ]);
      expect(new Set(partitions.map(({ uuid }) => uuid)).size).toBe(partitions.length);
      const last = partitions.at(-1);
      expect((((last?.start ?? 0) + (last?.size ?? 0)) * 512) / mib).toBe(1_023);
    }));

  it('has file systems and a swap area without a flaw, of the ids that the table of the image names', () =>
    withBenchFolder(async (folder) => {
      await plantAll(folder.tree);
      const { named } = await makeDisk(folder, layout);
      const idOf = (mountPoint: string) => partitionIdentity(diskKey, mountPoint);
      const root = named('root');
      for (const name of ['home', 'srv-data', 'var', 'var-log', 'root']) {
        expect(named(name).ext4.check(), name).toMatch(/files \(/);
      }
      expect(named('var').probe()).toContain(`UUID=${idOf('/var').fileSystem}\n`);
      expect(named('swap').probe()).toMatch(new RegExp(`UUID=${identity.swapArea}\n[\\s\\S]*TYPE=swap`));
      const fat = named('opt-fw').probe();
      expect(fat).toContain(`UUID=${fatUuid(idOf('/opt/fw').serial)}\n`);
      expect(fat).toContain('VERSION=FAT32');
      const image = join(folder.scratch, 'fw.img');
      named('opt-fw').extract(image);
      const judged = await runCommand({ ...folder, builderRoot: bench.builderRoot }, ['fsck.fat', '-n', image], {});
      expect(judged.stdout).toMatch(/: 3 files, /);
      expect(root.ext4.read('/etc/fstab').split('\n')).toEqual([
        `UUID=${identity.rootFileSystem} / ext4 errors=remount-ro 0 1`,
        `UUID=${fatUuid(identity.efiSerial)} /boot/efi vfat umask=0077,nofail 0 0`,
        `UUID=${idOf('/home').fileSystem} /home ext4 defaults,nodev,nosuid 0 2`,
        `UUID=${fatUuid(idOf('/opt/fw').serial)} /opt/fw vfat defaults 0 0`,
        `UUID=${idOf('/srv/data').fileSystem} /srv/data ext4 defaults 0 2`,
        `UUID=${idOf('/var').fileSystem} /var ext4 defaults 0 2`,
        `UUID=${idOf('/var/log').fileSystem} /var/log ext4 defaults 0 2`,
        `UUID=${identity.swapArea} none swap sw 0 0`,
        '',
      ]);
    }));

  it('holds each path once, on the partition that it is mounted from, and the tree stays as it is', () =>
    withBenchFolder(async (folder) => {
      await plantAll(folder.tree);
      const before = await listTree(folder.tree);
      const { named } = await makeDisk(folder, layout);
      expect(await listTree(folder.tree)).toEqual(before);
      const [root, home, variable, log] = ['root', 'home', 'var', 'var-log'].map((name) => named(name).ext4);
      if (root === undefined || home === undefined || variable === undefined || log === undefined) throw new Error();

      // The folders mounted over: empty, and otherwise as in the tree.
      for (const path of ['home', 'opt/fw', 'var']) {
        expect(root.debugfs(`ls -p /${path}`).trim().split('\n'), path).toHaveLength(2);
        expect(root.facts([path])).toEqual(factsOf(folder.tree, [path]));
      }
      expect(variable.debugfs('ls -p /log').trim().split('\n')).toHaveLength(2);
      expect(variable.facts(['log'])).toEqual(factsOf(join(folder.tree, 'var'), ['log']));
      expect(root.stat('/srv/data')).toMatch(/Type: directory/);
      expect(named('srv-data').ext4.stat('/')).toMatch(/Mode: {2}0755/);

      // The folders that they are mounted as.
      expect(home.facts(['.'])).toEqual(factsOf(folder.tree, ['home']));
      expect(log.facts(['.'])).toEqual(factsOf(folder.tree, ['var/log']));
      const out = join(folder.outside, 'copy');
      const put = (ext4: typeof root, place: string) => {
        mkdirSync(join(out, place), { recursive: true });
        ext4.copyTo(join(out, place));
        rmSync(join(out, place, 'lost+found'), { recursive: true });
      };
      put(root, '');
      for (const path of ['boot/efi', 'boot/grub', 'etc/fstab', 'srv/data'])
        rmSync(join(out, path), { recursive: true });
      put(home, 'home');
      put(variable, 'var');
      put(log, 'var/log');
      for (const place of [folder.tree, out]) {
        rmSync(join(place, 'opt/fw'), { recursive: true });
        rmSync(join(place, 'var/log/fifo'), { force: true });
      }
      execFileSync('diff', ['-r', '--no-dereference', folder.tree, out]);

      const inode = (path: string) => /Inode: (\d+)/.exec(variable.stat(path))?.[1];
      expect(inode('/lib/again')).toBe(inode('/lib/state'));
      expect(variable.stat('/lib/state')).toMatch(/Links: 2/);
      expect(root.stat('/srv/linked')).toMatch(/Links: 1/);
      expect(Buffer.from(variable.attribute('/lib/state', 'user.note'), 'hex').toString()).toBe('kept');
      expect(variable.attribute('/lib/state', 'security.capability')).toBe(rawCapability);
      expect(variable.stat('/lib/holes')).toMatch(/Size: 5242880\n[^\n]*\n?.*Blockcount: 0/s);
      expect(log.stat('/fifo')).toMatch(/Type: FIFO/);
      expect(home.stat('/ops/.profile')).toMatch(/User: {2}1000 {3}Group: {2}1000/);
    }));

  it('has the same bytes for equal trees, wherever they lie', () =>
    withBenchFolder(async (folder) => {
      await plantAll(folder.tree);
      const { file } = await makeDisk(folder, layout);
      await withBenchFolder(async (other) => {
        for (const name of readdirSync(folder.tree).reverse()) {
          execFileSync('cp', ['-a', '--sparse=never', join(folder.tree, name), other.tree]);
        }
        execFileSync('touch', ['-r', folder.tree, other.tree]);
        for (const path of ['opt/fw/config.txt', 'var/lib/state']) {
          utimesSync(join(other.tree, path), 1_000_000_000, benchEpoch - 1_000);
        }
        compareImage(file, (await makeDisk(other, layout)).file, 'raw');
      });
      await withBenchFolder(async (other) => {
        execFileSync('cp', ['-a', `${folder.tree}/.`, other.tree]);
        writeFileSync(join(other.tree, 'var/log/app/log'), 'Lines');
        const changed = (await makeDisk(other, layout)).file;
        expect(() => compareImage(file, changed, 'raw')).toThrow(expect.objectContaining({ status: 1 }));
      });
    }));

  it('is made of the tree itself where nothing lies at the mount points', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot });
      mkdirSync(join(folder.tree, 'home'), { mode: 0o750 });
      const partitions = [
        { mountPoint: '/data', fileSystem: 'ext4', sizeMiB: 64 },
        { mountPoint: '/data/one', fileSystem: 'ext4', sizeMiB: 64 },
        { mountPoint: '/home', fileSystem: 'ext4', sizeMiB: 64 },
      ];
      const { named } = await makeDisk(folder, { partitions });
      expect(readdirSync(folder.scratch)).not.toContain('divided');
      expect(named('data').ext4.stat('/one')).toMatch(/Type: directory/);
      expect(named('root').ext4.debugfs('ls -p /data').trim().split('\n')).toHaveLength(2);
      expect(named('home').ext4.stat('/')).toMatch(/Mode: {2}0750/);
      for (const name of ['data', 'data-one', 'home', 'root']) expect(named(name).ext4.check()).toMatch(/files \(/);
    }));

  it('has a swap file that is no hole, where the spec wants it as a file', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot });
      const { named, partitions } = await makeDisk(folder, { swap: { sizeMiB: 64, kind: 'file' } });
      expect(partitions.map(({ name }) => name)).toEqual(['bios', 'esp', 'root']);
      const { ext4 } = named('root');
      expect(ext4.check()).toMatch(/files \(/);
      expect(ext4.stat('/swapfile')).toMatch(/Mode: {2}0600[\s\S]*Size: 67108864\n[\s\S]*Blockcount: 131072/);
      expect(ext4.read('/etc/fstab')).toContain('\n/swapfile none swap sw 0 0\n');
      const swap = join(folder.outside, 'swap');
      ext4.debugfs(`dump /swapfile ${swap}`);
      const probe = execFileSync('blkid', ['-p', '-o', 'export', swap], { encoding: 'utf8' });
      expect(probe).toContain(`UUID=${identity.swapArea}\n`);
      expect(probe).toContain('TYPE=swap');
    }));

  it('has no swap file where the image has a file of that name', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot, swapfile: '' });
      await expect(makeDisk(folder, { swap: { sizeMiB: 64, kind: 'file' } })).rejects.toThrow('/swapfile is there');
    }));

  it('tells the booted system to let the root grow, where the spec says so', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot });
      const { named } = await makeDisk(folder, { growth: 'first-boot' });
      const { ext4 } = named('root');
      expect(ext4.read('/etc/repart.d/50-root.conf')).toBe('[Partition]\nType=root\n');
      expect(ext4.read('/etc/fstab')).toContain(' / ext4 errors=remount-ro,x-systemd.growfs 0 1\n');
    }));

  it('leaves what the image says of that itself', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...smallTree, ...boot, 'etc/repart.d/50-root.conf': '# mine\n' });
      const { named } = await makeDisk(folder, { growth: 'first-boot' });
      expect(named('root').ext4.read('/etc/repart.d/50-root.conf')).toBe('# mine\n');
    }));

  it('is the same in another form', () =>
    withBenchFolder(async (folder) => {
      await plantAll(folder.tree);
      const given = { ...usualDisk, cmdline: ['quiet'], compression: 'none', layout };
      const builder = { ...folder, builderRoot: bench.builderRoot, contained: true, key: diskKey };
      const { artifact } = await runProgram(qcow2, given, builder);
      await withBenchFolder(async (other) => {
        execFileSync('cp', ['-a', `${folder.tree}/.`, other.tree]);
        compareImage((await makeDisk(other, layout)).file, artifact?.file ?? '', 'qcow2');
      });
    }));
});
