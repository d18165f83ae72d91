import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ExecOptions } from '../../../containers/builder/contract.ts';
import { script } from '../../../containers/builder/programs/script.ts';
import { StepError } from '../../../containers/builder/step-error.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { plant } from './small-tree.ts';

const options = { run: 'echo "$HOME"\n', network: false, timeoutSeconds: 60 };

describe('script', () => {
  it.each([
    ['without the network', options, 'script', ['/bin/sh', '-e', '/tmp/lbuild-script']],
    ['with the network', { ...options, network: true }, 'script-network', ['/bin/sh', '-e', '/tmp/lbuild-script']],
    ['of another interpreter', { ...options, run: '#!/usr/bin/perl\n' }, 'script', ['/tmp/lbuild-script']],
  ])('runs a script %s from a file, confined', (_, wanted, confinement, argv) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const calls: { argv: readonly string[]; given: ExecOptions | undefined; text: string }[] = [];
      const exec = async (argv: readonly string[], given?: ExecOptions) => {
        calls.push({ argv, given, text: await readFile(join(folder.tree, 'tmp/lbuild-script'), 'utf8') });
        return { code: 0, stdout: '' };
      };
      await runProgram(script, wanted, { ...folder, exec });
      expect(calls).toMatchObject([{ argv, given: { confinement, timeoutSeconds: 60 }, text: wanted.run }]);
      expect(await readdir(join(folder.tree, 'tmp'))).toEqual([]);
    }),
  );

  it.each([
    ['its exit code', async () => ({ code: 7, stdout: '' }), { code: 'script.failed', exitCode: 7 }],
    ['its time', async () => Promise.reject(new StepError('step.timeout', 'over')), { code: 'script.timeout' }],
    ['its signal', async () => Promise.reject(new StepError('step.failed', 'signal')), { code: 'script.failed' }],
    ['a full disk', async () => Promise.reject(new StepError('limit.disk', 'full')), { code: 'limit.disk' }],
  ])('fails with %s', (_, exec, failure) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      await expect(runProgram(script, options, { ...folder, exec })).rejects.toMatchObject(failure);
    }),
  );

  it('gives a system that it brought sshd to the unit that makes host keys', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const exec = async () => {
        await plant(folder.tree, { 'usr/sbin/sshd': '' });
        return { code: 0, stdout: '' };
      };
      await runProgram(script, options, { ...folder, exec });
      const wants = 'etc/systemd/system/multi-user.target.wants/lbuild-ssh-host-keys.service';
      const unit = await readlink(join(folder.tree, wants));
      expect(await readFile(join(folder.tree, unit), 'utf8')).toContain('ExecStart=/usr/bin/ssh-keygen -A');
    }));
});
