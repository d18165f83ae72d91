import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { licencesIn, withLicences } from '../../../containers/builder/layers/licences.ts';
import { readPackages } from '../../../containers/builder/layers/packages.ts';
import { type LayerEntry, layerIndexHeaderSchema, type PackageStanza } from '../../../core/builds/layer-index.ts';

const format = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n';
const files = (licence: string, glob = '*') =>
  `Files: ${glob}\nCopyright: somebody\nLicense: ${licence}\n of two lines\n`;
const paragraphs = (...texts: string[]) => [format, ...texts].join('\n');

describe('a copyright file', () => {
  it.each([
    ['one licence', paragraphs(files('GPL-2+')), ['GPL-2+']],
    ['each licence once, sorted', paragraphs(files('ISC'), files('Expat'), files('ISC', 'debian/*')), ['Expat', 'ISC']],
    ['a choice', paragraphs(files('GPL-2+ or Artistic')), ['GPL-2+ or Artistic']],
    ['an exception', paragraphs(files('GPL-2+ with OpenSSL exception')), ['GPL-2+ with OpenSSL exception']],
    ['commas', paragraphs(files('GPL-2+ or Expat, and ISC')), ['GPL-2+ or Expat, and ISC']],
    ['spaces and tabs around', paragraphs('Files: *\nLicense:\t Zlib \n'), ['Zlib']],
    ['that of all files in the head', `${format}License: Zlib\n`, ['Zlib']],
    ['no licence that only a text stands for', paragraphs(files('ISC'), 'License: GPL-2+\n text\n'), ['ISC']],
    [
      'an old address of the form',
      'Format-Specification: http://svn.debian.org/wsvn/dep/web/deps/dep5.mdwn\n\nFiles: *\nLicense: ISC\n',
      ['ISC'],
    ],
  ])('tells %s', (_what, text, licences) => {
    expect(licencesIn(text)).toEqual(licences);
  });

  it.each([
    ['is of no form', 'This package was debianized by somebody.\n\nFiles: *\nLicense: GPL-2+\n'],
    ['is empty', ''],
    ['names no licence', paragraphs('Files: *\nCopyright: somebody\n')],
    [
      'has a text in place of a name',
      paragraphs(files('Permission to use, copy, modify, and distribute this software')),
    ],
    ['has one licence without a name', paragraphs(files('ISC'), 'Files: x\nLicense:\n Some text.\n')],
    ['has one with control characters', paragraphs(files('ISC\u001b[2J'))],
    ['has one that is too long', paragraphs(files('x'.repeat(101)))],
    ['has more than anybody reads', paragraphs(...Array.from({ length: 41 }, (_, at) => files(`own-${at}`)))],
  ])('tells nothing where it %s', (_what, text) => {
    expect(licencesIn(text)).toBeUndefined();
  });
});

/** A tree with these files, and the entries of a layer that brings them. */
function treeOf(contents: Readonly<Record<string, string>>): { tree: string; entries: LayerEntry[] } {
  const tree = mkdtempSync(join(tmpdir(), 'lbuild-licences-'));
  onTestFinished(() => rmSync(tree, { recursive: true, force: true }));
  const entries = Object.entries(contents).map(([path, text]): LayerEntry => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
    return { path, type: 'file', size: text.length };
  });
  return { tree, entries };
}

const stanza = (name: string): PackageStanza => {
  return { name, version: '1', architecture: 'all', status: 'install ok installed' };
};

describe('the packages of a layer', () => {
  it('get the licences of the copyright files that the layer brings', () => {
    const { tree, entries } = treeOf({
      'usr/share/doc/own/copyright': paragraphs(files('ISC')),
      'usr/share/doc/own/changelog': paragraphs(files('GPL-3')),
      'usr/share/doc/own/deep/copyright': paragraphs(files('GPL-3')),
      'usr/share/doc/libstdc++6/copyright': paragraphs(files('GPL-3+ with GCC exception')),
      'usr/share/doc/below/copyright': paragraphs(files('Zlib')),
    });
    const brought = entries.filter(({ path }) => !path.includes('below'));
    const links: LayerEntry[] = [
      { path: 'usr/share/doc/linked', type: 'symlink', target: 'own' },
      { path: 'usr/share/doc/away', type: 'symlink', target: '../../../etc' },
    ];
    const names = ['own', 'libstdc++6', 'below', 'linked', 'away'];
    const told = withLicences(names.map(stanza), tree, [...brought, ...links]);
    expect(told.map(({ name, licences }) => [name, licences])).toEqual([
      ['own', ['ISC']],
      ['libstdc++6', ['GPL-3+ with GCC exception']],
      ['below', undefined],
      ['linked', ['ISC']],
      ['away', undefined],
    ]);
  });

  it('get none of what is no regular file below Debian’s own names', () => {
    const { tree, entries } = treeOf({
      'usr/share/doc/UP/copyright': paragraphs(files('ISC')),
      secret: paragraphs(files('ISC')),
    });
    mkdirSync(join(tree, 'usr/share/doc/evil'), { recursive: true });
    symlinkSync('/secret', join(tree, 'usr/share/doc/evil/copyright'));
    const hostile: LayerEntry[] = [
      { path: 'usr/share/doc/evil/copyright', type: 'symlink', target: '/secret' },
      { path: 'usr/share/doc/../copyright', type: 'file', size: 1 },
      { path: 'usr/share/doc/a\\xff/copyright', type: 'file', size: 1 },
      { path: 'usr/share/doc/big/copyright', type: 'file', size: 600_000 },
    ];
    const names = ['evil', 'UP', '..', 'big'];
    const told = withLicences(names.map(stanza), tree, [...entries, ...hostile]);
    expect(told).toEqual(names.map(stanza));
  });

  it.each([
    ['nothing', '', 'a', '1:2-3'],
    ['another name', 'Source: gcc-14\n', 'gcc-14', '1:2-3'],
    ['another version', 'Source: a (9)\n', 'a', '9'],
    ['both', 'Source: gcc (4:14.2.0-1)\n', 'gcc', '4:14.2.0-1'],
  ])('have the source that the database tells by %s', async (_what, line, source, sourceVersion) => {
    const { tree } = treeOf({
      status: `Package: a\n${line}Version: 1:2-3\nArchitecture: amd64\nStatus: install ok installed\n`,
    });
    expect(await readPackages(join(tree, 'status'))).toEqual([
      { name: 'a', version: '1:2-3', architecture: 'amd64', status: 'install ok installed', source, sourceVersion },
    ]);
  });

  it('are read also from an index that is older than sources and licences', () => {
    const header = { format: 'lbuild-layer-index/1', step: 'x', entries: 0, packages: [stanza('a')] };
    expect(layerIndexHeaderSchema.parse(header).packages).toEqual([stanza('a')]);
  });
});
