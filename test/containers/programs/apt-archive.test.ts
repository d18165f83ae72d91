import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packages } from '../../../containers/builder/programs/packages.ts';
import { type FakeArchive, startFakeArchive } from '../../support/fake-archive.ts';
import { makeInstallableTree } from '../../support/installable-tree.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { listTree } from '../../support/tree-listing.ts';

/** `web` needs one of two, of which the first is virtual; nothing needs `alone`. */
const archived = [
  { name: 'web', fields: { Depends: 'mail-agent | nothing-has-this, libweb (>= 1.0)' }, files: { 'srv/web': 'web\n' } },
  { name: 'libweb', fields: { Recommends: 'docs' }, files: { 'usr/lib/libweb': 'library\n' } },
  { name: 'postbox', fields: { Provides: 'mail-agent' }, files: { 'srv/postbox': 'post\n' } },
  { name: 'docs', files: { 'srv/docs': 'docs\n' } },
  { name: 'alone', files: { 'srv/alone': 'alone\n' } },
];
const options = { install: ['web'], remove: [], recommends: false, outputs: ['tar'] };
const digest = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

describe('packages of an archive', () => {
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

  const install = async (
    folder: { tree: string; scratch: string; outside: string },
    of = archive,
    wanted: Readonly<Record<string, unknown>> = options,
  ) => {
    execFileSync('cp', ['-a', `${pattern}/.`, folder.tree]);
    const log: string[] = [];
    const bench = { ...folder, archive: of.state, keyring: of.keyring, packageCache: folder.outside };
    const outcome = await runProgram(packages, wanted, { ...bench, log: (line) => log.push(line) });
    return { outcome, log: log.join('\n') };
  };

  it('are the same from the cache when the archive is away, and none is fetched twice', async () => {
    const own = await startFakeArchive(archived);
    try {
      await withBenchFolder(async (folder) => {
        const { outcome, log } = await install(folder, own);
        expect(outcome.facts).toEqual({ packages: '3' });
        expect(log).toContain('3 packages, 0 of them cached');
        for (const name of ['web', 'postbox']) expect(existsSync(join(folder.tree, 'srv', name))).toBe(true);
        for (const name of ['docs', 'alone']) expect(existsSync(join(folder.tree, 'srv', name))).toBe(false);
        expect(
          readdirSync(join(folder.tree, 'var/cache/apt/archives')).filter((name) => name.endsWith('.deb')),
        ).toEqual([]);
        expect(new Set(own.asked).size).toBe(own.asked.length);
        // InRelease, its index as it is and the packages: each by its own digest.
        const kept = readdirSync(folder.outside);
        expect(kept).toHaveLength(5);
        for (const name of kept) expect(digest(readFileSync(join(folder.outside, name)))).toBe(name);

        await own.stop();
        await withBenchFolder(async (again) => {
          const { log: second } = await install({ ...again, outside: folder.outside }, own);
          expect(second).toContain('3 packages, 3 of them cached');
          const names = (tree: string) => listTree(tree).then((listed) => [...listed.keys()]);
          expect(await names(again.tree)).toEqual(await names(folder.tree));
          expect(readFileSync(join(again.tree, 'var/lib/dpkg/status'), 'utf8')).toBe(
            readFileSync(join(folder.tree, 'var/lib/dpkg/status'), 'utf8'),
          );
        });
        await withBenchFolder(async (other) => {
          const uncached = { ...options, install: ['alone'] };
          await expect(install({ ...other, outside: folder.outside }, own, uncached)).rejects.toMatchObject({
            code: 'archive.unreachable',
            message: expect.stringContaining('/pool/alone_1.0_all.deb'),
          });
        });
      });
    } finally {
      await own.remove();
    }
  });

  it('are fetched again where the cache was altered, and put right in it', () =>
    withBenchFolder(async (folder) => {
      await install(folder);
      const altered = readdirSync(folder.outside);
      for (const name of altered) writeFileSync(join(folder.outside, name), 'evil');
      await withBenchFolder(async (again) => {
        const { log } = await install({ ...again, outside: folder.outside });
        expect(log).toContain('3 packages, 0 of them cached');
        expect(readFileSync(join(again.tree, 'srv/web'), 'utf8')).toBe('web\n');
      });
      for (const name of altered) expect(digest(readFileSync(join(folder.outside, name)))).toBe(name);
    }));

  it('bring what they recommend only where that is wanted', () =>
    withBenchFolder(async (folder) => {
      const { outcome } = await install(folder, archive, { ...options, recommends: true });
      expect(outcome.facts).toEqual({ packages: '4' });
      expect(existsSync(join(folder.tree, 'srv/docs'))).toBe(true);
    }));

  it('are named where the archive has none of that name', () =>
    withBenchFolder(async (folder) => {
      const wanted = { ...options, install: ['mail-agent', 'missing', 'nothing-has-this'] };
      await expect(install(folder, archive, wanted)).rejects.toMatchObject({
        code: 'package.not_found',
        message: expect.stringContaining('missing, nothing-has-this'),
      });
    }));

  it('of other bytes than the signed index names are refused, and not kept', () =>
    withBenchFolder(async (folder) => {
      archive.disturb = (path, response, body) => {
        if (!path.endsWith('.deb')) return undefined;
        response.writeHead(200).end(Buffer.from(body).fill(0, 0, 8));
        return 'answered';
      };
      try {
        await expect(install(folder)).rejects.toMatchObject({ code: 'archive.untrusted' });
      } finally {
        archive.disturb = undefined;
      }
      expect(readdirSync(folder.outside)).toHaveLength(2);
      expect(existsSync(join(folder.tree, 'srv/web'))).toBe(false);
    }));

  it('are all named that the archive has no longer', () =>
    withBenchFolder(async (folder) => {
      archive.disturb = (path, response) => {
        if (!path.endsWith('.deb')) return undefined;
        response.writeHead(404).end();
        return 'answered';
      };
      try {
        await expect(install(folder)).rejects.toMatchObject({
          code: 'archive.gone',
          message: expect.stringMatching(
            /^The archive no longer has \/pool\/\S+\.deb, \/pool\/\S+\.deb, \/pool\/\S+\.deb\.$/,
          ),
        });
      } finally {
        archive.disturb = undefined;
      }
    }));
});

describe('the indexes of an archive', () => {
  const install = (archive: FakeArchive, state = archive.state) =>
    withBenchFolder(async (folder) => {
      await mkdir(join(folder.tree, 'usr/sbin'), { recursive: true });
      const bench = { ...folder, archive: state, keyring: archive.keyring, packageCache: folder.outside };
      await runProgram(packages, options, bench);
    });
  const withArchive = async (release: string, use: (archive: FakeArchive) => Promise<void>) => {
    const archive = await startFakeArchive(archived, { release });
    try {
      await use(archive);
    } finally {
      await archive.remove();
    }
  };

  it('are refused where the signature is by another key', () =>
    withArchive('', (archive) =>
      withArchive('', (other) =>
        expect(install({ ...archive, keyring: other.keyring })).rejects.toMatchObject({ code: 'archive.untrusted' }),
      ),
    ));

  it('are refused where what was signed has expired', () =>
    withArchive('Valid-Until: Sat, 22 Nov 2025 09:12:45 UTC\n', (archive) =>
      expect(install(archive)).rejects.toMatchObject({
        code: 'archive.untrusted',
        message: expect.stringContaining('expired at 2025-11-22'),
      }),
    ));

  it('are refused where they are not those that were planned with', () =>
    withArchive('', async (archive) => {
      const suites = archive.state.suites.map((suite) => ({
        ...suite,
        indexes: { 'main/binary-amd64/Packages': digest('x') },
      }));
      await expect(install(archive, { suites })).rejects.toMatchObject({ code: 'archive.changed' });
    }));

  it('are refused where their bytes are others than the signed text names', () =>
    withArchive('', async (archive) => {
      archive.disturb = (path, response) => {
        if (!path.endsWith('.gz')) return undefined;
        response.writeHead(200).end('x');
        return 'answered';
      };
      await expect(install(archive)).rejects.toMatchObject({ code: 'archive.unreachable' });
    }));
});
