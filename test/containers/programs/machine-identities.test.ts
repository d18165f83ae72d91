import { lstat, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveInTree } from '../../../containers/builder/agent/tree-path.ts';
import { ensureClusterUnit, withoutClusters } from '../../../containers/builder/programs/tree/database-clusters.ts';
import {
  ensureCertificateUnit,
  withoutCertificateLinks,
} from '../../../containers/builder/programs/tree/self-signed.ts';
import { withBenchFolder } from '../../support/program-bench.ts';
import { plant } from './small-tree.ts';

const settings = 'etc/postgresql-common/createcluster.d';

/** Runs in a tree of these files. */
const withTree = (
  files: Readonly<Record<string, string>>,
  use: (tree: string, access: { resolveInTree(path: string): Promise<string> }) => Promise<void>,
) =>
  withBenchFolder(async ({ tree }) => {
    await plant(tree, files);
    await use(tree, { resolveInTree: (path) => resolveInTree(tree, path) });
  });

const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

describe('what each machine must make for itself', () => {
  it('of PostgreSQL is made by no maintainer script, and its setting for that is gone afterwards', () =>
    withTree({}, async (tree, access) => {
      let seen = '';
      await withoutClusters(access, async () => {
        seen = await readFile(join(tree, settings, 'lbuild-build.conf'), 'utf8');
      });
      expect(seen).toBe('create_main_cluster = false\n');
      expect(await isThere(join(tree, settings))).toBe(false);
    }));

  it.each([
    ['that was there', { [`${settings}/site.conf`]: 'ssl = off\n' }, async () => undefined],
    ['that the packages brought', {}, (tree: string) => plant(tree, { [`${settings}/site.conf`]: 'ssl = off\n' })],
  ])('leaves a folder of settings %s, also where the installation fails', (_, files, install) =>
    withTree(files, async (tree, access) => {
      const failing = withoutClusters(access, async () => {
        await install(tree);
        throw new Error('dpkg');
      });
      await expect(failing).rejects.toThrow('dpkg');
      expect(await readdir(join(tree, settings))).toEqual(['site.conf']);
    }),
  );

  it.each([
    ['PostgreSQL', 'usr/bin/pg_createcluster', ensureClusterUnit, 'lbuild-postgresql-cluster.service'],
    ['ssl-cert', 'usr/sbin/make-ssl-cert', ensureCertificateUnit, 'lbuild-ssl-cert.service'],
  ])('of %s has a unit at boot where the tree has it, and nowhere else', async (_, program, ensure, name) => {
    await withTree({}, async (tree, access) => {
      await ensure(access);
      expect(await readdir(tree)).toEqual([]);
    });
    await withTree({ [program]: '' }, async (tree, access) => {
      await ensure(access);
      // A second step of packages finds it there.
      await ensure(access);
      const unit = await readlink(join(tree, 'etc/systemd/system/multi-user.target.wants', name));
      const [, command = ''] = /^ExecStart=(\S+)/m.exec(await readFile(join(tree, unit), 'utf8')) ?? [];
      const { mode } = await lstat(join(tree, command));
      if (command.startsWith('/usr/lib/lbuild/')) expect(mode & 0o777).toBe(0o755);
    });
  });

  it('leaves no link to the certificate, whose name tells of the builder, and every other link', () =>
    withTree({ 'etc/ssl/certs/ca.pem': '' }, async (tree, access) => {
      const links = { 'bde5a2c9.0': 'ssl-cert-snakeoil.pem', '0a775a30.0': 'ca.pem', mine: 'ssl-cert-snakeoil.pem' };
      for (const [name, target] of Object.entries(links)) await symlink(target, join(tree, 'etc/ssl/certs', name));
      await withoutCertificateLinks(access);
      expect((await readdir(join(tree, 'etc/ssl/certs'))).sort()).toEqual(['0a775a30.0', 'ca.pem', 'mine']);
    }));

  it('needs no folder of certificates', () => withTree({}, (_, access) => withoutCertificateLinks(access)));
});
