import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourcesText, writeAptSettings } from '../../../containers/builder/programs/apt/apt-settings.ts';
import { parsePrintedUris } from '../../../containers/builder/programs/apt/package-archives.ts';
import { parseRelease } from '../../../containers/builder/programs/apt/release-text.ts';
import { needPlannedIndexes } from '../../../containers/builder/programs/apt/signed-indexes.ts';
import { bootstrap } from '../../../containers/builder/programs/bootstrap.ts';
import { distributions } from '../../../core/distributions/registry.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const suite = { uri: 'http://archive.invalid/debian', suite: 'trixie', components: ['main'], indexes: {}, date: 1 };

describe('sources', () => {
  it('has a stanza for each address, always bound to the keyring', () => {
    const updates = { ...suite, suite: 'trixie-updates' };
    const security = { ...suite, uri: 'http://archive.invalid/security', suite: 'trixie-security' };
    const text = sourcesText({ archive: { suites: [suite, updates, security] }, distribution: distributions.debian });
    expect(text.split('\n\n')).toHaveLength(2);
    expect(text).toContain('Suites: trixie trixie-updates\n');
    expect(text.match(/^Signed-By: \/usr\/share\/keyrings\/debian-archive-keyring\.gpg$/gm)).toHaveLength(2);
  });
});

describe('a release text', () => {
  const text = `Origin: Debian\nMD5Sum:\n ${'0'.repeat(32)} 10 main/a\nSHA256:\n ${digest('a')}       10 main/a\nX: y\n bad 1 main/b\n`;
  const release = parseRelease(text);

  it('names files in its SHA256 field alone', () => {
    expect([...release.files]).toEqual([['main/a', { sha256: digest('a'), size: 10 }]]);
    expect(release).toMatchObject({ byHash: false, validUntil: undefined });
  });

  it('says whether files lie under their digests, and until when it holds', () => {
    const more = parseRelease(`${text}Acquire-By-Hash: yes\nValid-Until: Sat, 22 Nov 2025 09:12:45 UTC\n`);
    expect(more).toMatchObject({ byHash: true, validUntil: new Date('2025-11-22T09:12:45Z') });
    expect(parseRelease('Valid-Until: some day\n').validUntil).toEqual(new Date(0));
  });

  it.each([
    ['another digest', { 'main/a': digest('b') }],
    ['an index that is gone', { 'main/c': digest('a') }],
  ])('is refused for %s as archive.changed', (_, indexes) => {
    expect(() => needPlannedIndexes({ ...suite, indexes: { 'main/a': digest('a') } }, release)).not.toThrow();
    expect(() => needPlannedIndexes({ ...suite, indexes }, release)).toThrow(
      expect.objectContaining({ code: 'archive.changed', message: expect.stringContaining('trixie') }),
    );
  });
});

describe('the archive', () => {
  const options = { distribution: 'debian', release: 'trixie', architecture: 'amd64' };

  it('is unreachable where nothing answers', () =>
    withBenchFolder(async (folder) => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      await new Promise((resolve) => server.close(resolve));
      const archive = { suites: [{ ...suite, uri: `http://127.0.0.1:${port}/debian` }] };
      await expect(runProgram(bootstrap, options, { ...folder, archive })).rejects.toMatchObject({
        code: 'archive.unreachable',
      });
      expect(await readdir(folder.tree)).toEqual([]);
    }));

  it('is untrusted where its InRelease carries no good signature', () =>
    withBenchFolder(async (folder) => {
      const server = createServer((_, response) => response.end('Origin: Debian\nSHA256:\n'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      try {
        const archive = { suites: [{ ...suite, uri: `http://127.0.0.1:${port}/debian` }] };
        await expect(runProgram(bootstrap, options, { ...folder, archive })).rejects.toMatchObject({
          code: 'archive.untrusted',
        });
        expect(await readdir(folder.tree)).toEqual([]);
      } finally {
        await new Promise((resolve) => server.close(resolve));
      }
    }));
});

describe('apt', () => {
  it('prints what it would fetch, and what is no package file is none', () => {
    const address = 'http://archive.invalid/a/x_1%3a2.deb';
    const line = `'${address}' x_1%3a2_amd64.deb 10 SHA256:${digest('x')}`;
    const others = `'http://archive.invalid/x' ../x.deb 10 SHA256:${digest('x')}\n'u' y.deb 10 MD5Sum:00\nDone\n`;
    expect(parsePrintedUris(`${line}\n${others}`)).toEqual([
      { address, file: 'x_1%3a2_amd64.deb', size: 10, sha256: digest('x') },
    ]);
  });

  it('leaves settings that apt reads without the tree’s own configuration', () =>
    withBenchFolder(async (folder) => {
      await mkdir(join(folder.tree, 'etc/apt/apt.conf.d'), { recursive: true });
      const settings = await writeAptSettings({
        ...{ ...folder, architecture: 'amd64', archive: { suites: [suite] } },
        distribution: distributions.debian,
      });
      const text = await readFile(settings.configuration, 'utf8');
      expect(text).toContain('Dir::Etc::Parts "/dev/null";');
      expect(text).toContain(`DPkg::Chroot-Directory "${folder.tree}";`);
    }));
});
