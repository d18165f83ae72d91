import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstBoot } from '../../../containers/builder/programs/first-boot.ts';
import { makeInstallableTree } from '../../support/installable-tree.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { plant } from './small-tree.ts';

const script = (name: string, run: string, more: object = {}) => ({
  ...{ name, run, network: false, ignoreFailure: false, timeoutSeconds: 60 },
  ...more,
});
const systemd = { 'usr/lib/systemd/systemd': '' };
const unitPath = 'etc/systemd/system/lbuild-first-boot.service';

describe('the first boot', () => {
  it('has a script a file, and a unit that runs them in their order', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, systemd);
      const scripts = [
        script('hello', 'echo hello\n'),
        script('ask', '#!/usr/bin/env python3\nprint(1)\n', { network: true, ignoreFailure: true, timeoutSeconds: 7 }),
      ];
      const outcome = await runProgram(firstBoot, { scripts }, folder);
      expect(outcome.facts).toEqual({ scripts: '2' });
      const text = (path: string) => readFileSync(join(folder.tree, path), 'utf8');
      expect(text('usr/lib/lbuild/first-boot/01-hello')).toBe('#!/bin/sh -e\necho hello\n');
      expect(text('usr/lib/lbuild/first-boot/02-ask')).toBe('#!/usr/bin/env python3\nprint(1)\n');
      expect(statSync(join(folder.tree, 'usr/lib/lbuild/first-boot/02-ask')).mode & 0o7777).toBe(0o700);
      const unit = text(unitPath);
      expect(unit.match(/^ExecStart=.*$/gm)).toEqual([
        'ExecStart=/usr/lib/lbuild/run-first-boot 01-hello 60',
        'ExecStart=/usr/lib/lbuild/run-first-boot 02-ask 7 ignore',
        'ExecStart=/usr/lib/lbuild/run-first-boot --end',
      ]);
      expect(unit).toMatch(/^After=local-fs.target network-online.target$/m);
      expect(unit).toMatch(/^Wants=network-online.target$/m);
      expect(
        await readlink(join(folder.tree, 'etc/systemd/system/multi-user.target.wants/lbuild-first-boot.service')),
      ).toBe(`/${unitPath}`);
    }));

  it('waits for no network where no script asks for it', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, systemd);
      await runProgram(firstBoot, { scripts: [script('hello', 'true')] }, folder);
      expect(readFileSync(join(folder.tree, unitPath), 'utf8')).not.toContain('network');
    }));

  it.each([
    ['an image without systemd', {}, script('hello', 'true'), /no systemd/],
    ['a name that would be another word of the unit', systemd, script('a b', 'true'), /firstBoot\[0\]\.name/],
    ['a name that would be another line of it', systemd, script('a\nExecStart=x', 'true'), /firstBoot\[0\]\.name/],
  ])('is refused for %s', (_, tree, wanted, reason) =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { ...tree, 'etc/x': '' });
      await expect(runProgram(firstBoot, { scripts: [wanted] }, folder)).rejects.toMatchObject({
        code: 'step.failed',
        message: expect.stringMatching(reason),
      });
    }),
  );
});

describe('the command of the unit', () => {
  const tree = mkdtempSync(join(tmpdir(), 'lbuild-first-boot-'));
  const state = join(tree, 'var/lib/lbuild/first-boot');
  const command = (...argv: string[]) => {
    const done = spawnSync('chroot', [tree, '/usr/lib/lbuild/run-first-boot', ...argv], { encoding: 'utf8' });
    return { code: done.status, words: done.stdout.trim().split('\n').at(-1) ?? '', errors: done.stderr };
  };
  const result = (name: string) => readFileSync(join(state, name), 'utf8').trim();
  const count = (name: string) => readFileSync(join(tree, 'srv', name), 'utf8').length;

  beforeAll(async () => {
    makeInstallableTree(tree, ['timeout', 'sync', 'mv', 'mkdir', 'sleep']);
    await plant(tree, { ...systemd, 'srv/.keep': '' });
    const scripts = [
      script('once', 'printf x >> /srv/once'),
      script('shaky', 'printf x >> /srv/shaky; exit 3'),
      script('later', 'printf x >> /srv/later; [ -e /srv/ready ]'),
      script('slow', 'sleep 60'),
      script('strict', 'false; printf x >> /srv/strict'),
    ];
    await runProgram(firstBoot, { scripts }, { tree, scratch: tree });
  });
  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  it('runs a script once, and says so in the journal and in its file', () => {
    expect(command('01-once', '60')).toEqual({ code: 0, words: '01-once: succeeded', errors: '' });
    expect(result('01-once')).toBe('succeeded');
    expect(command('01-once', '60')).toMatchObject({ code: 0, words: '01-once: has run before: succeeded' });
    expect(count('once')).toBe(1);
  });

  it('takes a failure that is none for done, with its exit code', () => {
    expect(command('02-shaky', '60', 'ignore')).toMatchObject({ code: 0 });
    expect(result('02-shaky')).toBe('ignored: failed: exit code 3');
    expect(command('02-shaky', '60', 'ignore')).toMatchObject({ code: 0 });
    expect(count('shaky')).toBe(1);
  });

  it('fails with a script, and tries it again', async () => {
    expect(command('03-later', '60')).toMatchObject({ code: 1, words: '03-later: failed: exit code 1' });
    expect(result('03-later')).toBe('failed: exit code 1');
    await plant(tree, { 'srv/ready': '' });
    expect(command('03-later', '60')).toMatchObject({ code: 0, words: '03-later: succeeded' });
    expect(result('03-later')).toBe('succeeded');
    expect(count('later')).toBe(2);
  });

  it('ends a script that takes too long', () => {
    expect(command('04-slow', '1')).toMatchObject({ code: 124 });
    expect(result('04-slow')).toMatch(/^failed: ended after its 1 seconds/);
  });

  it('runs scripts so that an error ends them', () => {
    expect(command('05-strict', '60')).toMatchObject({ code: 1 });
    expect(existsSync(join(tree, 'srv/strict'))).toBe(false);
  });

  it('says at the end that all have run', () => {
    expect(existsSync(join(state, 'done'))).toBe(false);
    expect(command('--end')).toMatchObject({ code: 0 });
    expect(result('done')).toBe('all scripts have run');
  });
});
