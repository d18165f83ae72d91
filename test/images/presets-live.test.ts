import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { presetBench } from '../support/built-presets.ts';
import { coloursOf } from '../support/picture.ts';
import { bootIso } from '../support/qemu.ts';

describe('the preset', () => {
  const { folder, client, buildPreset } = presetBench();

  it('rescue sees a disk beside its own, saves what is on it and does not touch it, in 768 MiB, started by UEFI', async () => {
    const { image } = await buildPreset('rescue');
    const disk = join(folder, 'second.img');
    mkdirSync(join(folder, 'content'));
    writeFileSync(join(folder, 'content/lost.txt'), 'found again\n');
    writeFileSync(disk, '');
    truncateSync(disk, 32 * 1_048_576);
    execFileSync('mke2fs', ['-q', '-t', 'ext4', '-L', 'second', '-d', join(folder, 'content'), disk]);
    const digest = createHash('sha256').update(readFileSync(disk)).digest('hex');
    const checks = {
      // What the kernel says on the console meanwhile is no answer of the shell's.
      'dmesg --console-level 1; id -un; tty': /^root\n\/dev\/ttyS0$/,
      'lsblk --noheadings --output SIZE,FSTYPE,LABEL,MOUNTPOINT /dev/vda': /^32M ext4 +second$/,
      'sha256sum /dev/vda': new RegExp(`^${digest} `),
      'ddrescue --quiet /dev/vda copy.img map && mount -o ro,loop copy.img /mnt && cat /mnt/lost.txt': /^found again$/,
    };
    const { outputs, bootSeconds, acceleration } = await bootIso({
      ...({ iso: image, firmware: 'uefi', timeoutSeconds: 900, memoryMiB: 768, disks: [disk] } as const),
      expect: /root@rescue:~# /,
      login: { user: '', password: '' },
      interact: Object.keys(checks),
    });
    console.log(`uefi: a shell after ${bootSeconds.toFixed(0)} s (${acceleration})`);
    for (const [at, answer] of Object.values(checks).entries()) expect.soft(outputs[at]).toMatch(answer);
  });

  it('kiosk-desktop shows its page over the whole screen', async () => {
    const { build } = await buildPreset('kiosk-desktop');
    const evidence = build.evidence.find(({ kind }) => kind === 'screenshot');
    if (evidence === undefined) throw new Error('there is no picture of the screen');
    const { path } = await client().builds.downloadEvidence(build.id, evidence, folder);
    const [background, writing] = coloursOf(path);
    // The page's, and the white of what is written on it.
    expect(background?.colour).toBe('#105030');
    expect(background?.share).toBeGreaterThan(0.9);
    expect(writing?.colour).toBe('#ffffff');
    expect(writing?.share).toBeGreaterThan(0.002);
  });
});
