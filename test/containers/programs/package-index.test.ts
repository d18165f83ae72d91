import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listName, writeLists } from '../../../containers/builder/programs/apt/apt-lists.ts';
import { printSha256, writeAptSettings } from '../../../containers/builder/programs/apt/apt-settings.ts';
import { PackageIndex } from '../../../containers/builder/programs/apt/package-index.ts';
import { distributions } from '../../../core/distributions/registry.ts';
import { withBenchFolder } from '../../support/program-bench.ts';

const suite = { uri: 'http://archive.invalid/a_b/debian', suite: 'trixie', components: ['main'], indexes: {}, date: 1 };
const stanza = (name: string, fields: Readonly<Record<string, string>> = {}, version = '1') =>
  `${Object.entries({
    Package: name,
    Version: version,
    Architecture: 'all',
    ...fields,
    Filename: `pool/${name}_${version}.deb`,
    Size: '10',
    SHA256: 'a'.repeat(64),
  })
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('')}\n`;

describe('a package index', () => {
  const first = [
    stanza('init', { Essential: 'yes', 'Pre-Depends': 'libc (>= 2)' }),
    stanza('libc', { Priority: 'required' }),
    stanza('web', { Depends: 'libssl:any (>= 3),\n mail | none,\n editor', Recommends: 'docs' }),
    stanza('libssl'),
    stanza('postbox', { Provides: 'mail (= 1), other' }),
    stanza('vim', { Provides: 'editor', Conflicts: 'ed' }),
    stanza('ed', { Provides: 'editor' }),
    stanza('docs', { Suggests: 'alone' }),
    stanza('alone'),
  ].join('');
  const second = stanza('libssl', { Depends: 'zlib' }, '2') + stanza('zlib');
  const index = new PackageIndex([first, second]);

  it('knows what every system has', () => {
    expect([...index.base].sort()).toEqual(['apt', 'dpkg', 'init', 'libc']);
  });

  it('knows names that are provided, and not those that are only mentioned', () => {
    expect(['web', 'mail', 'editor', 'zlib', 'none', 'libssl2'].filter((name) => index.knows(name))).toEqual([
      ...['web', 'mail', 'editor', 'zlib'],
    ]);
  });

  it('follows every alternative, every provider, every version', () => {
    const reached = [...index.closure(['web'], '', false)].filter((name) => index.knows(name)).sort();
    expect(reached).toEqual(['ed', 'editor', 'libssl', 'mail', 'postbox', 'vim', 'web', 'zlib']);
  });

  it('follows recommendations where they are wanted, suggestions never', () => {
    expect(index.closure(['web'], '', true).has('docs')).toBe(true);
    expect(index.closure(['web'], '', true).has('alone')).toBe(false);
  });

  it('counts in what is installed and what that needs', () => {
    const status = 'Package: docs\nStatus: install ok installed\nDepends: alone\nVersion: 0\n\n';
    expect([...index.closure([], status, false)].sort()).toEqual(['alone', 'docs']);
  });

  it('tells the versions of a package, and where they are', () => {
    expect(index.versions('libssl').toSorted((a, b) => a.index - b.index)).toEqual([
      { version: '1', index: 0 },
      { version: '2', index: 1 },
    ]);
    expect(index.versions('mail')).toEqual([]);
  });

  it('gives stanzas as they are, in their order', () => {
    expect(index.select(0, new Set(['postbox', 'init', 'none']))).toBe(
      stanza('init', { Essential: 'yes', 'Pre-Depends': 'libc (>= 2)' }) +
        stanza('postbox', { Provides: 'mail (= 1), other' }),
    );
    expect(index.select(1, new Set(['libssl']))).toBe(stanza('libssl', { Depends: 'zlib' }, '2'));
  });
});

const place = { architecture: 'amd64', distribution: distributions.debian } as const;

/** What apt would install, from lists of these packages alone, or what it says against it. */
async function solve(
  folder: { tree: string; scratch: string },
  text: string,
  choose: (index: PackageIndex) => ReadonlySet<string>,
  request: readonly string[],
): Promise<string> {
  const settings = await writeAptSettings({ ...folder, ...place, archive: { suites: [suite] } });
  const packages = new PackageIndex([text]);
  const files = [{ suite, name: 'main/binary-amd64/Packages' }];
  const releases = [{ suite, name: 'InRelease', bytes: Buffer.from('Suite: trixie\n') }];
  await writeLists(settings, { releases, files, packages }, choose(packages));
  try {
    return execFileSync('apt-get', [...printSha256, ...request], {
      env: { PATH: process.env.PATH ?? '', APT_CONFIG: settings.configuration, LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    });
  } catch {
    return 'refused';
  }
}

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((letter) => `pk-${letter}`);
const related = fc.array(fc.subarray([...names, 'virtual', 'absent'], { minLength: 1, maxLength: 2 }), {
  maxLength: 2,
});
const relation = (groups: string[][]) => groups.map((group) => group.join(' | ')).join(', ');
const universe = fc.record({
  packages: fc.tuple(
    ...names.map(() =>
      fc.record({
        depends: related,
        recommends: related,
        provides: fc.boolean(),
        conflicts: fc.subarray(names, { maxLength: 1 }),
      }),
    ),
  ),
  wanted: fc.subarray([...names, 'virtual'], { minLength: 1, maxLength: 2 }),
  installed: fc.subarray(names, { maxLength: 2 }),
  recommends: fc.boolean(),
});

describe('apt', () => {
  it('comes to the same from the packages that it can look at as from all of them', () =>
    fc.assert(
      fc.asyncProperty(universe, async ({ packages, wanted, installed, recommends }) => {
        const text = packages
          .map(({ depends, recommends: wishes, provides, conflicts }, number) => {
            const name = names[number] ?? '';
            const fields = {
              Depends: relation(depends),
              Recommends: relation(wishes),
              Provides: provides ? 'virtual' : '',
              Conflicts: conflicts.filter((other) => other !== name).join(', '),
            };
            return stanza(name, Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '')));
          })
          .join('');
        const status = installed
          .map((name) => `Package: ${name}\nStatus: install ok installed\nArchitecture: all\nVersion: 0\n\n`)
          .join('');
        const request = [`--${recommends ? '' : 'no-'}install-recommends`, '--no-remove', 'install', ...wanted];
        await withBenchFolder(async (folder) => {
          await mkdir(join(folder.tree, 'var/lib/dpkg'), { recursive: true });
          await mkdir(join(folder.tree, 'var/cache/apt/archives/partial'), { recursive: true });
          await writeFile(join(folder.tree, 'var/lib/dpkg/status'), status);
          const other = join(folder.outside, 'scratch');
          await mkdir(other);
          const whole = await solve(folder, text, () => new Set(names), request);
          const narrow = await solve(
            { ...folder, scratch: other },
            text,
            (index) => index.closure(wanted, status, recommends),
            request,
          );
          expect(narrow).toBe(whole);
        });
      }),
      { numRuns: 25 },
    ));

  it('finds the lists under the names that it gives them itself', () =>
    withBenchFolder(async (folder) => {
      const odd = { ...suite, uri: 'http://archive.invalid:8080/~x/a_b=c/' };
      const settings = await writeAptSettings({ ...folder, ...place, archive: { suites: [odd] } });
      const targets = execFileSync('apt-get', ['update', '--print-uris'], {
        env: { PATH: process.env.PATH ?? '', APT_CONFIG: settings.configuration },
        encoding: 'utf8',
      });
      const given = targets.split('\n').map((line) => line.split(' ')[1]);
      for (const name of ['InRelease', 'main/binary-amd64/Packages']) {
        expect(given).toContain(listName({ suite: odd, name }));
      }
    }));
});
