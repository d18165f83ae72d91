import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stanzaOf } from '../../../containers/builder/programs/apt/locked-packages.ts';
import { packages } from '../../../containers/builder/programs/packages.ts';
import { type ArchivePackage, archivePackageSchema } from '../../../core/plan/programs/archive-package.ts';
import { type FakeArchive, startFakeArchive } from '../../support/fake-archive.ts';
import { makeInstallableTree } from '../../support/installable-tree.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { listTree } from '../../support/tree-listing.ts';

/** `web` needs one of two, of which the first is virtual; of `libweb` the older version is pinned. */
const archived = [
  { name: 'web', fields: { Depends: 'mail-agent | nothing-has-this, libweb' }, files: { 'srv/web': 'web\n' } },
  { name: 'libweb', version: '1:1.0', fields: { Recommends: 'docs' }, files: { 'srv/libweb': 'old\n' } },
  { name: 'libweb', version: '1:2.0', files: { 'srv/libweb': 'new\n' } },
  { name: 'postbox', fields: { Provides: 'mail-agent', Priority: 'optional' }, files: { 'srv/postbox': 'post\n' } },
  { name: 'docs', files: { 'srv/docs': 'docs\n' } },
];
const options = {
  ...{ install: ['web'], remove: [], recommends: false, outputs: ['tar'] },
  pins: [{ package: 'libweb', version: '1:1.0', priority: 1_001 }],
};

describe('packages of a lock', () => {
  let archive: FakeArchive;
  let taken: readonly ArchivePackage[] = [];
  let unlocked: { names: readonly string[]; status: string };
  const pattern = mkdtempSync(join(tmpdir(), 'lbuild-tree-'));

  const install = async <Result>(
    wanted: Readonly<Record<string, unknown>>,
    use: (tree: string, outcome: Awaited<ReturnType<typeof runProgram>>) => Promise<Result>,
  ): Promise<Result> =>
    withBenchFolder(async (folder) => {
      execFileSync('cp', ['-a', `${pattern}/.`, folder.tree]);
      const bench = { ...folder, archive: archive.state, keyring: archive.keyring, packageCache: folder.outside };
      return use(folder.tree, await runProgram(packages, wanted, bench));
    });
  const treeOf = async (tree: string) => ({
    names: [...(await listTree(tree)).keys()],
    status: readFileSync(join(tree, 'var/lib/dpkg/status'), 'utf8'),
  });

  beforeAll(async () => {
    archive = await startFakeArchive(archived);
    makeInstallableTree(pattern);
    await install(options, async (tree, outcome) => {
      taken = outcome.taken ?? [];
      unlocked = await treeOf(tree);
    });
  });
  afterEach(() => {
    archive.disturb = undefined;
  });
  afterAll(async () => {
    await archive.remove();
    rmSync(pattern, { recursive: true, force: true });
  });

  /** Paths that begin so are gone. */
  const lose = (...beginnings: string[]) => {
    archive.disturb = (path, response) => {
      if (!beginnings.some((beginning) => path.startsWith(beginning))) return undefined;
      response.writeHead(404).end();
      return 'answered';
    };
  };

  it('are those of a snapshot that has long expired, where the plan reads that: signed, but of no date', async () => {
    const old = await startFakeArchive([{ name: 'docs', files: { 'srv/docs': 'docs\n' } }], {
      release: 'Valid-Until: Sat, 22 Nov 2025 09:12:45 UTC\nAcquire-By-Hash: yes\n',
    });
    const wanted = { ...options, install: ['docs'], pins: [] };
    const [suite] = old.state.suites;
    if (suite === undefined) throw new Error('the archive has a suite');
    const from = (more: object) =>
      withBenchFolder(async (folder) => {
        execFileSync('cp', ['-a', `${pattern}/.`, folder.tree]);
        const suites = [{ ...suite, uri: 'http://archive.invalid/debian', ...more }];
        const bench = { ...folder, archive: { suites }, keyring: old.keyring };
        const outcome = await runProgram(packages, wanted, bench);
        return [readFileSync(join(folder.tree, 'srv/docs'), 'utf8'), outcome.taken?.map(({ path }) => path)];
      });
    try {
      expect(await from({ snapshot: old.url })).toEqual(['docs\n', ['pool/docs_1.0_all.deb']]);
      await expect(from({ uri: old.url })).rejects.toMatchObject({
        code: 'archive.untrusted',
        message: expect.stringContaining('expired'),
      });
    } finally {
      await old.remove();
    }
  });

  it('are told by the step that took them, as the index lists them', () => {
    expect(taken.map(({ name, version, suite }) => [name, version, suite])).toEqual([
      ['libweb', '1:1.0', 'trixie'],
      ['postbox', '1.0', 'trixie'],
      ['web', '1.0', 'trixie'],
    ]);
    for (const one of taken) expect(archivePackageSchema.parse(one)).toEqual(one);
    expect(taken.find(({ name }) => name === 'postbox')?.priority).toBe('optional');
    expect(taken.find(({ name }) => name === 'libweb')?.path).toBe('pool/libweb_1:1.0_all.deb');
  });

  it('are installed where the archive has no index any more, and give the same tree', async () => {
    lose('dists/');
    await install({ ...options, locked: { packages: taken } }, async (tree, outcome) => {
      expect(await treeOf(tree)).toEqual(unlocked);
      expect(outcome.taken).toEqual(taken);
      expect(readdirSync(join(tree, 'var/cache/apt/archives')).filter((name) => name.endsWith('.deb'))).toEqual([]);
    });
  });

  it('are all that is installed: a lock with more gives no more, and what is not in it is not found', async () => {
    const own = { ...options, install: ['docs'], pins: [] };
    const [docs] = await install(own, async (_, outcome) => outcome.taken ?? []);
    if (docs === undefined) throw new Error('docs were not taken');
    lose('dists/');
    await install({ ...options, pins: [], locked: { packages: [docs, ...taken] } }, async (tree, outcome) => {
      expect(outcome.taken).toEqual(taken);
      expect(existsSync(join(tree, 'srv/docs'))).toBe(false);
      expect(readFileSync(join(tree, 'srv/libweb'), 'utf8')).toBe('old\n');
    });
    const absent = { ...options, install: ['docs'], pins: [], locked: { packages: taken } };
    await expect(install(absent, async () => undefined)).rejects.toMatchObject({ code: 'package.not_found' });
  });

  it('are named by name and version where they are gone', async () => {
    lose('dists/', 'pool/libweb', 'pool/postbox');
    await expect(install({ ...options, locked: { packages: taken } }, async () => undefined)).rejects.toMatchObject({
      code: 'lock.packages_gone',
      message: 'Neither the cache nor the archive has libweb 1:1.0, postbox 1.0 any more.',
    });
  });

  it('are refused where the archive has other bytes, or the lock calls a file by another name', async () => {
    const [libweb, postbox, web] = taken;
    if (libweb === undefined || postbox === undefined || web === undefined) throw new Error('three were taken');
    const other = { ...web, path: postbox.path };
    const renamed = { ...postbox, name: 'libweb' };
    for (const forged of [other, renamed]) {
      await expect(
        install({ ...options, locked: { packages: [forged] } }, async () => undefined),
      ).rejects.toMatchObject({ code: 'archive.untrusted' });
    }
  });

  it('are all of the release’s own suite for apt, whatever suite has their newest version', () =>
    withBenchFolder(async (folder) => {
      const [suite] = archive.state.suites;
      if (suite === undefined) throw new Error('the archive has a suite');
      const updates = { ...suite, suite: 'trixie-updates' };
      const locked = taken.map((one) => (one.name === 'libweb' ? { ...one, suite: 'trixie-updates' } : one));
      const bench = { ...folder, archive: { suites: [suite, updates] }, keyring: archive.keyring };
      execFileSync('cp', ['-a', `${pattern}/.`, folder.tree]);
      await runProgram(packages, { ...options, locked: { packages: locked } }, bench);
      const place = join(folder.scratch, 'apt/lists');
      const lists = readdirSync(place)
        .filter((name) => name.endsWith('_Packages'))
        .sort()
        .map((name) => readFileSync(join(place, name), 'latin1').match(/^Package: .*$/gm) ?? []);
      expect(lists).toEqual([[], ['Package: libweb', 'Package: postbox', 'Package: web']]);
    }));

  it('have the priority that the archive gives, and one stanza, whatever their control file says', () => {
    const locked = archivePackageSchema.parse({ ...taken[0], priority: 'required' });
    const control = `Package: libweb\nVersion: 1:1.0\nArchitecture: all\nPriority: extra\nDescription: x\n y\n\nPackage: evil\n`;
    expect(stanzaOf(locked, control)).toBe(
      `Package: libweb\nVersion: 1:1.0\nArchitecture: all\nDescription: x\n y\nPriority: required\n` +
        `Filename: ${locked.path}\nSize: ${locked.size}\nSHA256: ${locked.sha256}\n\n`,
    );
    expect(() => stanzaOf(locked, control.replace('1:1.0', '1:2.0'))).toThrow('of another package');
  });
});
