import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packages } from '../../../containers/builder/programs/packages.ts';
import { type FakeArchive, startFakeArchive } from '../../support/fake-archive.ts';
import { makeInstallableTree } from '../../support/installable-tree.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';

const archived = [
  { name: 'web', version: '1.0', files: { 'srv/web': 'old\n' } },
  { name: 'web', version: '1.2', files: { 'srv/web': 'new\n' } },
  { name: 'needy', version: '1', fields: { Depends: 'web (>= 1.2)' } },
  { name: 'postbox', version: '1', fields: { Provides: 'mail-agent' } },
];
const options = { install: ['web'], remove: [], recommends: false, outputs: ['tar'] };
const preferences = 'etc/apt/preferences.d/lbuild.pref';

describe('packages', () => {
  let archive: FakeArchive;
  const pattern = mkdtempSync(join(tmpdir(), 'lbuild-tree-'));
  beforeAll(async () => {
    archive = await startFakeArchive(archived);
    makeInstallableTree(pattern);
  });
  afterAll(async () => {
    await archive.remove();
    rmSync(pattern, { recursive: true, force: true });
  });

  const withTree = (use: (tree: string, change: (wanted: object) => Promise<string>) => Promise<void>) =>
    withBenchFolder(async (folder) => {
      execFileSync('cp', ['-a', `${pattern}/.`, folder.tree]);
      const bench = { ...folder, archive: archive.state, keyring: archive.keyring, packageCache: folder.outside };
      await use(folder.tree, async (wanted) => {
        rmSync(join(folder.scratch, 'apt'), { recursive: true, force: true });
        await runProgram(packages, { ...options, ...wanted }, bench);
        return readFileSync(join(folder.tree, 'var/lib/dpkg/status'), 'utf8');
      });
    });
  const pin = (more: object) => ({ pins: [{ package: 'web', priority: 1_001, ...more }] });

  it('come in the newest version where nothing pins them, and no file says otherwise', () =>
    withTree(async (tree, change) => {
      expect(await change({})).toMatch(/Package: web\nStatus: install ok installed\n(?:.*\n)*Version: 1\.2\n/);
      expect(existsSync(join(tree, preferences))).toBe(false);
    }));

  it.each([
    ['a version', { version: '1.0' }, 'Pin: version 1.0'],
    ['the beginning of a version', { version: '1.0*' }, 'Pin: version 1.0*'],
  ])('come as they are pinned by %s, and the image keeps the pin', (_, choice, line) =>
    withTree(async (tree, change) => {
      expect(await change(pin(choice))).toContain('Version: 1.0\n');
      expect(readFileSync(join(tree, 'srv/web'), 'utf8')).toBe('old\n');
      expect(readFileSync(join(tree, preferences), 'utf8')).toBe(`Package: web\n${line}\nPin-Priority: 1001\n`);
    }),
  );

  it('go back to an older version where a pin overrides, and only there', () =>
    withTree(async (_tree, change) => {
      await change({});
      expect(await change(pin({ version: '1.0', priority: 990 }))).toContain('Version: 1.2\n');
      expect(await change(pin({ version: '1.0' }))).toContain('Version: 1.0\n');
    }));

  it('may be pinned to a release of the archive', () =>
    withTree(async (tree, change) => {
      expect(await change(pin({ release: 'trixie' }))).toContain('Version: 1.2\n');
      expect(readFileSync(join(tree, preferences), 'utf8')).toContain('Pin: release n=trixie\n');
    }));

  it('are pinned in the image also where nothing is installed', () =>
    withTree(async (tree, change) => {
      await change({ ...pin({ version: '1.0' }), install: [] });
      expect(readFileSync(join(tree, preferences), 'utf8')).toContain('Package: web\n');
      expect(existsSync(join(tree, 'srv/web'))).toBe(false);
    }));

  it.each([
    [
      'a version that the archive lacks',
      pin({ version: '2.*' }),
      /pins\[0\]: .*no web of version 2\.\*; it has 1\.0 \(trixie\), 1\.2/,
    ],
    [
      'a release that the archive lacks',
      pin({ release: 'trixie-backports' }),
      /pins\[0\]: .*no web in trixie-backports/,
    ],
    ['a package that is unknown', pin({ package: 'missing', version: '1' }), /no missing of version 1; it has none/],
    ['a name that is only provided', pin({ package: 'mail-agent', version: '1' }), /no mail-agent/],
    ['a package to hold that is not installed', { hold: ['web', 'needy'] }, /hold\[1\]: needy is not installed/],
  ])('are refused for %s', (_, wanted, reason) =>
    withTree(async (_tree, change) => {
      await expect(change(wanted)).rejects.toMatchObject({
        code: 'package.not_found',
        message: expect.stringMatching(reason),
      });
    }),
  );

  it('that need another version than is pinned are refused by apt', () =>
    withTree(async (_tree, change) => {
      const wanted = { ...pin({ version: '1.0' }), install: ['needy'] };
      await expect(change(wanted)).rejects.toMatchObject({ code: 'step.failed' });
    }));

  it('that are installed in another version than an overriding pin says are named', () =>
    withTree(async (_tree, change) => {
      await change({});
      await expect(change({ ...pin({ version: '1.0' }), install: ['postbox'] })).rejects.toMatchObject({
        code: 'step.failed',
        message: expect.stringMatching(/pins\[0\]: web is installed in version 1\.2/),
      });
    }));

  it('are held in dpkg’s own words, and nothing else of its file changes', () =>
    withTree(async (_tree, change) => {
      const before = await change({ install: ['postbox', 'web'] });
      const after = await change({ install: [], hold: ['web'] });
      expect(after).toBe(before.replace('Package: web\nStatus: install ', 'Package: web\nStatus: hold '));
      expect(after).not.toBe(before);
    }));
});
