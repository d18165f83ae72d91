import { mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { specFile } from '../../../containers/builder/programs/spec-file.ts';
import { embeddedSpecText } from '../../../core/plan/embedded-spec.ts';
import { embeddedSpecPath } from '../../../core/spec/embedded-spec.ts';
import { specWith } from '../../core/plan/plan-fixtures.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { plant } from './small-tree.ts';

const text = embeddedSpecText(specWith({ embedSpec: true })) ?? '';
const options = { path: embeddedSpecPath, text };

describe('the spec in the image', () => {
  it('is written as it is, for root alone', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree);
      const outcome = await runProgram(specFile, options, folder);
      expect(outcome.facts).toEqual({ bytes: String(text.length) });
      const file = join(folder.tree, embeddedSpecPath);
      expect(readFileSync(file, 'utf8')).toBe(text);
      const { mode, uid, gid } = statSync(file);
      expect([mode & 0o7777, uid, gid]).toEqual([0o600, 0, 0]);
      expect(statSync(join(file, '..')).mode & 0o7777).toBe(0o755);
    }));

  it('takes the place of what a script has put there, and follows its links inside the tree alone', () =>
    withBenchFolder(async (folder) => {
      await plant(folder.tree, { 'usr/share/.keep': '', 'srv/real/spec.json': 'another' });
      symlinkSync('/srv/real', join(folder.tree, 'usr/share/lbuild'));
      await runProgram(specFile, options, folder);
      expect(readFileSync(join(folder.tree, 'srv/real/spec.json'), 'utf8')).toBe(text);
    }));

  it('fails where a script has made a folder of it', () =>
    withBenchFolder(async (folder) => {
      mkdirSync(join(folder.tree, embeddedSpecPath), { recursive: true });
      await expect(runProgram(specFile, options, folder)).rejects.toMatchObject({
        code: 'step.failed',
        message: expect.stringContaining(`${embeddedSpecPath} in the tree is a folder`),
      });
    }));
});
