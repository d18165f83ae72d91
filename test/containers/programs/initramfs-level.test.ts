import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { initramfs } from '../../../containers/builder/programs/initramfs.ts';
import { StepError } from '../../../containers/builder/step-error.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';

it.each([
  ['0.140 of Ubuntu 22.04, which knows no level', 'c:d:hko:r:v', []],
  ['0.142 of Debian 12 and Ubuntu 24.04', 'c:d:hl:ko:r:v', ['-l', '1']],
  ['0.148 of Debian 13', 'c:d:hl:m:ko:r:v', ['-l', '1']],
])('mkinitramfs %s is asked for the fastest level where it can be', (_version, options, level) =>
  withBenchFolder(async (bench) => {
    const files = {
      'boot/vmlinuz-1': '',
      'usr/sbin/mkinitramfs': `OPTIONS=$(getopt -o ${options} --long help -n "$0" -- "$@") || usage_error\n`,
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(bench.tree, path)), { recursive: true });
      writeFileSync(join(bench.tree, path), text);
    }
    const asked: (readonly string[])[] = [];
    const exec = async (argv: readonly string[]) => {
      asked.push(argv);
      if (argv[0] === 'mkinitramfs') throw new StepError('step.failed', 'far enough');
      return { code: 0, stdout: '' };
    };
    await expect(runProgram(initramfs, { afterTenant: false }, { ...bench, exec })).rejects.toThrow('far enough');
    expect(asked.at(-1)).toEqual(['mkinitramfs', '-c', 'zstd', ...level, '-o', '/boot/initrd.img-1', '1']);
  }),
);
