import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwordHashes } from '../core/spec/sample-spec.ts';
import { askDisk, buildDisk } from '../support/built-disk.ts';
import { ext4At, readTable, verifyTable } from '../support/disk-image.ts';

/** The reference system, as a disk. */
const spec = {
  schemaVersion: 1 as const,
  name: 'edge',
  base: { distribution: 'debian' as const, release: 'bookworm' as const, architecture: 'amd64' as const },
  packages: { install: ['openssh-server', 'curl', 'vim-tiny', 'zstd', 'iputils-ping'] },
  system: { hostname: 'edge-01' },
  users: [{ name: 'ops', passwordHash: passwordHashes.yescrypt }],
  files: [{ path: '/etc/motd', content: 'built here\n' }],
  services: { enable: ['ssh'] },
  // The kernel's warnings of a slow machine would stand among the answers of commands.
  kernel: { cmdline: ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'] },
  outputs: [{ type: 'raw' as const, label: 'EDGE' }],
};

describe('a posted spec becomes a disk image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-disk-'));
  let disk = '';

  beforeAll(async () => {
    disk = await buildDisk(spec, 'edge.img', folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const root = () => {
    const [, , partition] = readTable(disk).partitions;
    if (partition === undefined) throw new Error('there are three partitions');
    return ext4At(disk, partition.start * 512);
  };

  it('of a size that its tree gives it, with tables and file systems without a flaw', () => {
    expect(verifyTable(disk)).toMatch(/No errors detected/);
    expect(statSync(disk).size % (64 * 1_048_576)).toBe(0);
    expect(root().check()).toMatch(/files \(/);
    expect(root().attribute('/usr/bin/ping', 'security.capability')).toMatch(/^01000002/);
  });

  const checks = {
    // The login prompt comes before all is started.
    'systemctl is-system-running --wait': 'running',
    hostname: 'edge-01',
    'id -un': 'ops',
    'cat /etc/motd': 'built here',
    'systemctl is-active ssh': 'active',
    'ls /etc/ssh/ssh_host_ed25519_key.pub': '/etc/ssh/ssh_host_ed25519_key.pub',
    'findmnt -no FSTYPE / | cat': 'ext4',
    'findmnt -no FSTYPE /boot/efi | cat': 'vfat',
    'findmnt -no OPTIONS / | grep -c ^rw,': '1',
    'lsblk -no LABEL /dev/vda3': 'EDGE',
    'wc -c < /etc/machine-id': '33',
  };

  async function boot(file: string, firmware: 'bios' | 'uefi') {
    const questions = [...Object.keys(checks), 'uname -r', 'cat /proc/cmdline'];
    const { answers, console: text } = await askDisk({ disk: file, firmware, hostname: 'edge-01' }, questions);
    expect(answers).toMatchObject(checks);
    return { kernel: answers['uname -r'] ?? '', cmdline: answers['cat /proc/cmdline'] ?? '', console: text };
  }

  it('boots with UEFI, and is inside as the spec says', async () => {
    const { kernel, cmdline, console: text } = await boot(disk, 'uefi');
    expect(cmdline).toMatch(
      new RegExp(`^BOOT_IMAGE=/boot/vmlinuz-${kernel} root=UUID=\\S+ ro console=tty0 console=ttyS0,115200 loglevel=3$`),
    );
    // Nothing that GRUB complains about.
    expect(text).not.toMatch(/^error:/m);
  });

  it('boots with BIOS, and takes the newest kernel that has an initial RAM file system', async () => {
    const copy = join(folder, 'kernels.img');
    execFileSync('cp', ['--sparse=always', disk, copy]);
    const [, , partition] = readTable(copy).partitions;
    const ext4 = ext4At(copy, (partition?.start ?? 0) * 512);
    const version = /vmlinuz-(\S+)/.exec(ext4.debugfs('ls /boot'))?.[1] ?? '';
    for (const other of ['99.9-amd64', '99.10-amd64', '99.10-abc', '9.11-amd64']) {
      ext4.link(`/boot/vmlinuz-${version}`, `/boot/vmlinuz-${other}`);
      ext4.link(`/boot/initrd.img-${version}`, `/boot/initrd.img-${other}`);
    }
    ext4.link(`/boot/vmlinuz-${version}`, '/boot/vmlinuz-99.11-amd64');
    expect((await boot(copy, 'bios')).cmdline).toMatch(/^BOOT_IMAGE=\/boot\/vmlinuz-99\.10-amd64 /);
  });
});
