import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configuration } from '../../../containers/builder/programs/configuration.ts';
import { packages } from '../../../containers/builder/programs/packages.ts';
import type { ArchiveState } from '../../../core/plan/archive-state.ts';
import { type FakeArchive, startFakeArchive } from '../../support/fake-archive.ts';
import { makeInstallableTree } from '../../support/installable-tree.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';

describe('an archive beside the distribution’s', () => {
  let own: FakeArchive;
  let site: FakeArchive;
  const pattern = mkdtempSync(join(tmpdir(), 'lbuild-tree-'));
  beforeAll(async () => {
    own = await startFakeArchive([
      { name: 'libweb', files: { 'srv/libweb': 'own\n' } },
      { name: 'tool', version: '1.0', files: { 'srv/tool': 'own\n' } },
    ]);
    site = await startFakeArchive(
      [
        { name: 'web', fields: { Depends: 'libweb' }, files: { 'srv/web': 'site\n' } },
        { name: 'tool', version: '2.0', files: { 'srv/tool': 'site\n' } },
      ],
      { suite: 'stable' },
    );
    makeInstallableTree(pattern);
  });
  afterAll(async () => {
    await Promise.all([own.remove(), site.remove()]);
    rmSync(pattern, { recursive: true, force: true });
  });

  /** At another name of the same machine: apt tells archives apart by their hosts. */
  const siteUrl = () => site.url.replace('127.0.0.1', 'localhost');
  const named = (more: object = {}) => ({
    ...{ name: 'site', url: siteUrl(), suites: ['stable'], components: ['main'], key: site.key, for: 'both' },
    ...more,
  });
  const install = (
    wanted: object,
    use: (tree: string, folder: { scratch: string; outside: string }) => void | Promise<void> = () => undefined,
    state: ArchiveState = { ...own.state, extra: [site.extra('site', siteUrl())] },
  ) =>
    withBenchFolder(async (folder) => {
      execFileSync('cp', ['-a', `${pattern}/.`, folder.tree]);
      const bench = { ...folder, archive: state, keyring: own.keyring, packageCache: folder.outside };
      const options = { remove: [], recommends: false, outputs: ['tar'], archives: [named()], ...wanted };
      await runProgram(packages, options, bench);
      await use(folder.tree, folder);
    });

  it('gives its packages, with what they need of the distribution’s, each signed by its own key', () =>
    install({ install: ['web'] }, (tree, { scratch, outside }) => {
      expect(readFileSync(join(tree, 'srv/web'), 'utf8')).toBe('site\n');
      expect(readFileSync(join(tree, 'srv/libweb'), 'utf8')).toBe('own\n');
      const sources = readFileSync(join(scratch, 'apt/sources.d/site.sources'), 'utf8');
      expect(sources).toContain(
        `URIs: ${siteUrl()}\nSuites: stable\nComponents: main\nSigned-By: ${scratch}/keys/site.gpg`,
      );
      expect(readFileSync(join(scratch, 'apt/sources.d/debian.sources'), 'utf8')).not.toContain('keys/site.gpg');
      // The tree gets nothing of how it was installed: neither key nor source.
      expect(existsSync(join(tree, 'etc/apt'))).toBe(false);
      expect(readdirSync(outside)).toHaveLength(6);
    }));

  it.each([
    ['the newer version where it has the distribution’s priority', {}, 'site\n'],
    ['nothing that the distribution has where its priority is lower', { priority: 100 }, 'own\n'],
  ])('gives %s', (_, more, content) =>
    install({ install: ['tool'], archives: [named(more)] }, (tree) => {
      expect(readFileSync(join(tree, 'srv/tool'), 'utf8')).toBe(content);
    }),
  );

  it('is refused where its key did not sign it, though it is the distribution’s', async () => {
    const wanted = { install: ['web'], archives: [named({ key: own.key })] };
    await expect(install(wanted)).rejects.toMatchObject({
      code: 'archive.untrusted',
      message: expect.stringMatching(/stable at \S+ has no good signature of its key in the spec/),
    });
  });

  it('vouches for nothing of the distribution’s', async () => {
    // What the distribution's archive would be if it were the other one: signed by a key that the spec has.
    const taken = { suites: site.state.suites, extra: [site.extra('site', siteUrl())] };
    await expect(install({ install: ['web'] }, undefined, taken)).rejects.toMatchObject({
      code: 'archive.untrusted',
      message: expect.stringContaining('debian-archive-keyring'),
    });
  });

  it('is refused where it is not in the state that was planned with, or the plan has none of it', async () => {
    const [suite] = site.extra('site', siteUrl()).suites;
    if (suite === undefined) throw new Error('no suite');
    const other = { ...suite, indexes: { 'main/binary-amd64/Packages': 'f'.repeat(64) } };
    const changed = { ...own.state, extra: [{ name: 'site', suites: [other] }] };
    await expect(install({ install: ['web'] }, undefined, changed)).rejects.toMatchObject({ code: 'archive.changed' });
    for (const state of [own.state, { ...own.state, extra: [site.extra('site')] }]) {
      await expect(install({ install: ['web'] }, undefined, state)).rejects.toMatchObject({
        code: 'step.failed',
        message: expect.stringContaining('archives[site]: the plan holds no state of it'),
      });
    }
  });

  it('is never given another archive’s file for one of its own, whatever is cached', async () => {
    site.disturb = (path, response) => {
      if (!path.includes('tool_2.0')) return undefined;
      response.writeHead(200).end(readFileSync(join(pattern, 'usr/bin/env')));
      return 'answered';
    };
    try {
      await expect(install({ install: ['tool'] })).rejects.toMatchObject({
        code: expect.stringMatching(/^archive\.(untrusted|unreachable)$/),
      });
    } finally {
      site.disturb = undefined;
    }
  });

  it('has no priority of its own at a host of the distribution’s', async () => {
    const wanted = { install: ['web'], archives: [named({ url: site.url, priority: 100 })] };
    const state = { ...own.state, extra: [site.extra('site')] };
    await expect(install(wanted, undefined, state)).rejects.toMatchObject({
      message: expect.stringContaining('archives[site].priority'),
    });
  });

  it('is among the image’s sources with its key in a file and its priority', () =>
    withBenchFolder(async (folder) => {
      const options = { archives: [named({ priority: 400, suites: ['stable', 'testing'] })], enable: [], disable: [] };
      await runProgram(configuration, options, { ...folder, archive: own.state });
      const read = (path: string) => readFileSync(join(folder.tree, 'etc/apt', path), 'utf8');
      expect(read('sources.list.d/site.sources')).toBe(
        `Types: deb\nURIs: ${siteUrl()}\nSuites: stable testing\nComponents: main\nSigned-By: /etc/apt/keyrings/site.asc\n`,
      );
      expect(read('keyrings/site.asc')).toBe(site.key);
      expect(read('preferences.d/site.pref')).toBe('Package: *\nPin: origin "localhost"\nPin-Priority: 400\n');
    }));
});
