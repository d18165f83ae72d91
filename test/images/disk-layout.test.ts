import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwordHashes } from '../core/spec/sample-spec.ts';
import { askDisk, buildDisk } from '../support/built-disk.ts';
import { ext4At, readTable, verifyTable } from '../support/disk-image.ts';

const spec = {
  schemaVersion: 1 as const,
  system: { hostname: 'edge-01' },
  users: [{ name: 'ops', passwordHash: passwordHashes.yescrypt }],
  // The kernel's warnings of a slow machine would stand among the answers of commands.
  kernel: { cmdline: ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'] },
  outputs: [{ type: 'raw' as const }],
};
const amd64 = { distribution: 'debian' as const, architecture: 'amd64' as const };

/** MiB that a machine's disk has more than the image. */
const moreMiB = 1_024;

/** A copy of a disk on a larger one. */
function onLargerDisk(disk: string): string {
  const copy = `${disk}.larger`;
  execFileSync('cp', ['--sparse=always', disk, copy]);
  execFileSync('truncate', ['-s', `+${moreMiB}M`, copy]);
  return copy;
}

const sizeOf = (disk: string, name: string) => {
  const found = readTable(disk).partitions.find((partition) => partition.name === name);
  return (found?.size ?? 0) / 2_048;
};

describe('a divided disk of bookworm', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-layout-'));
  let disk = '';
  const base = { ...amd64, release: 'bookworm' as const };
  const partitions = [
    { mountPoint: '/home', share: 10, options: ['nodev' as const, 'nosuid' as const] },
    { mountPoint: '/var', sizeMiB: 768 },
    { mountPoint: '/var/log', sizeMiB: 128, options: ['noexec' as const] },
    { mountPoint: '/opt/firmware', fileSystem: 'vfat' as const, sizeMiB: 64 },
  ];

  beforeAll(async () => {
    // The tests boot the very file that is published.
    const run = (command: string) => ({ run: command });
    const tests = [
      { boot: { firmware: ['bios' as const], timeoutSeconds: 600 } },
      run('test "$(systemctl is-system-running)" = running'),
      run('findmnt -no FSTYPE /var | grep -x ext4'),
      run('findmnt -no OPTIONS /var/log | tr , "\\n" | grep -x noexec'),
      run('findmnt -no OPTIONS /home | tr , "\\n" | grep -x nosuid'),
      run('findmnt -no FSTYPE /opt/firmware | grep -x vfat && grep -x arm_64bit=1 /opt/firmware/config.txt'),
      run('findmnt -no FSTYPE /boot/efi | grep -x vfat'),
      run('test "$(swapon --show=TYPE,SIZE --noheadings --raw)" = "partition 128M"'),
      run('dpkg --audit && dpkg-query -W base-files && test -d /home/ops && test "$(stat -c %U /home/ops)" = ops'),
      run('mount --bind / /mnt && test -z "$(ls -A /mnt/var)" && test -z "$(ls -A /mnt/home)" && umount /mnt'),
      run('findmnt --verify'),
    ];
    const divided = {
      ...{ efi: { sizeMiB: 100 }, partitions, swap: { sizeMiB: 128 }, growth: 'first-boot' as const },
    };
    const files = [{ path: '/opt/firmware/config.txt', content: 'arm_64bit=1\n' }];
    disk = await buildDisk({ ...spec, name: 'edge', base, files, disk: divided, tests }, 'edge.img', folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('passes the tests that look at it from inside, and its file systems have no flaw', () => {
    expect(verifyTable(disk)).toMatch(/No errors detected/);
    const names = ['bios', 'esp', 'swap', 'home', 'opt-firmware', 'var', 'var-log', 'root'];
    const { partitions: found } = readTable(disk);
    expect(found.map(({ name }) => name)).toEqual(names);
    for (const { name, start } of found) {
      if (/^(home|var|var-log|root)$/.test(name)) expect(ext4At(disk, start * 512).check(), name).toMatch(/files \(/);
    }
  });

  it('boots with UEFI on a larger disk, and its root grows to the end of that', async () => {
    const larger = onLargerDisk(disk);
    const before = sizeOf(larger, 'root');
    const questions = [
      'findmnt -no FSTYPE / | cat',
      'df -BM --output=size / | tail -n 1',
      'lsblk -bnro SIZE /dev/vda8',
    ];
    const { answers } = await askDisk({ disk: larger, firmware: 'uefi', hostname: 'edge-01' }, [
      'systemctl is-system-running --wait',
      ...questions,
    ]);
    console.log(`root of ${before} MiB: ${JSON.stringify(answers)}`);
    expect(answers['systemctl is-system-running --wait']).toBe('running');
    const partition = Number(answers['lsblk -bnro SIZE /dev/vda8']) / 2 ** 20;
    expect(partition).toBeGreaterThanOrEqual(before + moreMiB - 1);
    const size = Number.parseInt(answers['df -BM --output=size / | tail -n 1'] ?? '', 10);
    expect(size).toBeGreaterThan(before + 0.8 * moreMiB);
  });
});

describe('a divided disk of trixie', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-layout-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('boots with BIOS on a larger disk, with a swap file, and its root grows', async () => {
    const base = { ...amd64, release: 'trixie' as const };
    const partitions = [{ mountPoint: '/srv/data', sizeMiB: 128 }];
    const divided = {
      ...{ partitions, swap: { sizeMiB: 64, kind: 'file' as const }, growth: 'first-boot' as const },
    };
    const disk = await buildDisk({ ...spec, name: 'edge', base, disk: divided }, 'edge.img', folder);
    const before = sizeOf(disk, 'root');
    const checks = {
      'systemctl is-system-running --wait': 'running',
      'findmnt -no FSTYPE /srv/data | cat': 'ext4',
      'tail -n +2 /proc/swaps | cut -d " " -f 1': '/swapfile',
    };
    const size = 'df -BM --output=size / | tail -n 1';
    const machine = { disk: onLargerDisk(disk), firmware: 'bios' as const, hostname: 'edge-01' };
    const { answers } = await askDisk(machine, [...Object.keys(checks), size]);
    console.log(`root of ${before} MiB: ${JSON.stringify(answers)}`);
    expect(answers).toMatchObject(checks);
    expect(Number.parseInt(answers[size] ?? '', 10)).toBeGreaterThan(before + 0.8 * moreMiB);
  });
});
