import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parser } from 'keep-a-changelog';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { askedVersion } from '../../scripts/release/changelog.ts';
import { writeVersion } from '../../scripts/release/versions.ts';
import { project } from '../docs/markdown.ts';
import { ended, type ReleaseRepository, releaseRepository } from './release-repository.ts';

/** A changelog of the sections given, newest first. */
const changelog = (...sections: readonly string[]) => `# Changelog\n\nFor tests.\n\n${sections.join('\n')}`;
const fresh =
  '## Unreleased\n\n### Added\n\n- **The first** thing, which goes on\n  on another line.\n- A second one.\n';
const unreleased = (heading: string, entry: string) => `## Unreleased\n\n### ${heading}\n\n- ${entry}\n`;
const released = (version: string) => `## ${version} - 2026-01-02\n\n### Added\n\n- What ${version} had.\n`;

// Each test calls git and scripts a dozen times: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000 });

let repository: ReleaseRepository;
afterEach(() => repository?.remove());

/** A repository that has released a version already, and has entries since. */
async function releasedBefore(version: string, section: string): Promise<void> {
  repository = await releaseRepository(changelog(section, released(version)));
  await writeVersion(repository.folder, version);
  await repository.commit(`Release ${version}`);
}

/** The versions in all files that have one, each once. */
async function versions(): Promise<readonly string[]> {
  const [root, cli, sdk, lock] = await Promise.all(
    ['package.json', 'cli/package.json', 'sdk/package.json', 'package-lock.json'].map(async (file) =>
      JSON.parse(await repository.read(file)),
    ),
  );
  const { '': whole, cli: lockedCli, sdk: lockedSdk } = lock.packages;
  return [...new Set<string>([root, cli, sdk, lock, whole, lockedCli, lockedSdk].map(({ version }) => version))];
}

const today = () => new Date().toISOString().slice(0, 10);

describe('preparing a release', () => {
  it('releases the first version as it is, and moves what is unreleased into its section', async () => {
    repository = await releaseRepository(changelog(fresh));
    const [current = ''] = await versions();
    const told = await repository.script('prepare.ts');
    expect(told).toEqual({ code: 0, out: expect.stringContaining(`git push origin v${current}\n`), err: '' });
    expect(await versions()).toEqual([current]);
    const text = await repository.read('CHANGELOG.md');
    expect(text).toBe(changelog('## Unreleased\n', fresh.replace('## Unreleased', `## ${current} - ${today()}`)));
    // A changelog that the formatter would change fails the next check of the tree.
    const biome = path.join(project, 'node_modules/.bin/biome');
    const config = path.join(project, 'biome.json');
    const judged = await ended(biome, ['format', `--config-path=${config}`, '--vcs-enabled=false', 'CHANGELOG.md'], {
      cwd: repository.folder,
      env: repository.environment,
    });
    expect(judged.code, judged.err + judged.out).toBe(0);
    expect(await repository.git('diff', '--name-only')).toBe('CHANGELOG.md');
  });

  it.each([
    ['0.3.1', 'Fixed', 'a bug', '0.3.2'],
    ['0.3.1', 'Security', 'a hole', '0.3.2'],
    ['0.3.1', 'Added', 'a thing', '0.4.0'],
    ['0.3.1', 'Changed', '**Breaking**: a name', '0.4.0'],
    ['1.3.1', 'Fixed', '**Breaking**: a name', '2.0.0'],
    ['1.3.1', 'Removed', 'a thing', '2.0.0'],
    ['1.3.1', 'Deprecated', 'a thing', '1.4.0'],
    ['1.4.0-rc.1', 'Added', 'a thing', '1.4.0'],
  ])('after %s, %s "%s" makes it %s', (before, heading, entry, then) => {
    expect(askedVersion(parser(changelog(unreleased(heading, entry), released(before))), before)).toBe(then);
  });

  it('moves the entries since the last release, and has all packages have the version', async () => {
    await releasedBefore('0.3.1', unreleased('Changed', '**Breaking**: a name'));
    expect(await repository.script('prepare.ts')).toMatchObject({ code: 0, err: '' });
    expect(await versions()).toEqual(['0.4.0']);
    expect(await repository.read('CHANGELOG.md')).toBe(
      changelog(
        '## Unreleased\n',
        `## 0.4.0 - ${today()}\n\n### Changed\n\n- **Breaking**: a name\n`,
        released('0.3.1'),
      ),
    );
  });

  it('changes the version alone in the files of the packages', async () => {
    repository = await releaseRepository(changelog(fresh));
    const [current = ''] = await versions();
    expect((await repository.script('prepare.ts', '99.0.0')).code).toBe(0);
    const lines = (await repository.git('diff', '--unified=0', '--', '*.json')).split('\n');
    const changed = lines.filter((line) => /^[-+] /.test(line)).map((line) => line.replace(/\s+/g, ' '));
    expect(new Set(changed)).toEqual(new Set([`- "version": "${current}",`, '+ "version": "99.0.0",']));
    // Root, SDK and CLI, each in its own file and in the lock, which has the root's twice.
    expect(changed).toHaveLength(2 * 7);
  });

  it('takes a higher version and a prerelease, and none that is lower than the entries ask for', async () => {
    await releasedBefore('0.3.1', unreleased('Added', 'a thing'));
    for (const [given, code] of [
      ['0.3.2', 'release.version_too_low'],
      ['0.4', 'release.version_invalid'],
      ['v0.4.0', 'release.version_invalid'],
      ['0.4.0+build', 'release.version_invalid'],
    ] as const) {
      expect(await repository.script('prepare.ts', given)).toMatchObject({
        code: 1,
        err: expect.stringMatching(`^${code}: `),
      });
    }
    expect(await repository.script('prepare.ts', '0.5.0', 'more')).toMatchObject({
      code: 1,
      err: expect.stringMatching('^release.usage: '),
    });
    expect(await repository.git('status', '--porcelain')).toBe('');
    expect((await repository.script('prepare.ts', '0.4.0-rc.1')).code).toBe(0);
    expect(await versions()).toEqual(['0.4.0-rc.1']);
    await repository.git('checkout', '--quiet', '.');
    expect((await repository.script('prepare.ts', '1.0.0')).code).toBe(0);
    expect(await versions()).toEqual(['1.0.0']);
  });

  it('refuses what it cannot make a release of, and changes nothing', async () => {
    await releasedBefore('0.3.1', unreleased('Added', 'a thing'));
    const good = await repository.read('CHANGELOG.md');
    const refused = async (code: string, ...args: readonly string[]) => {
      const before = await repository.git('diff');
      expect(await repository.script('prepare.ts', ...args)).toMatchObject({
        ...{ code: 1, out: '' },
        err: expect.stringMatching(`^${code}: `),
      });
      expect(await repository.git('diff')).toBe(before);
    };
    await repository.write('CHANGELOG.md', `${good}\n`);
    await refused('release.tree_not_clean');
    await repository.write('CHANGELOG.md', changelog('## Unreleased\n', released('0.3.1')));
    await repository.commit('Nothing new');
    await refused('release.nothing_new');
    await repository.write('CHANGELOG.md', changelog(unreleased('Added', 'a thing'), released('0.4.0')));
    await repository.commit('A section that is there');
    await refused('release.version_taken');
    await repository.write('CHANGELOG.md', changelog(unreleased('Surprises', 'a thing')));
    await repository.commit('An unknown heading');
    await refused('release.changelog_invalid');
    await repository.write('CHANGELOG.md', good);
    await repository.write('sdk/package.json', (await repository.read('sdk/package.json')).replace('0.3.1', '0.3.0'));
    await repository.commit('Another version of the SDK');
    await refused('release.versions_differ');
  });
});

describe('checking the tag of a release', () => {
  /** Prepares and commits a release of 0.4.0. */
  async function prepared(): Promise<void> {
    await releasedBefore('0.3.1', unreleased('Added', 'a thing'));
    await repository.script('prepare.ts');
    await repository.commit('Release 0.4.0');
  }
  const refused = async (tag: string, code: string) =>
    expect(await repository.script('check.ts', tag)).toMatchObject({
      ...{ code: 1, out: '' },
      err: expect.stringMatching(`^${code}: `),
    });

  it('tells the jobs behind it what they need', async () => {
    await prepared();
    await repository.git('tag', 'v0.3.1', 'HEAD~1');
    await repository.git('tag', '--annotate', 'v0.4.0', '--message', 'Release');
    const file = path.join(repository.folder, 'output');
    repository.environment.GITHUB_OUTPUT = file;
    const told = await repository.script('check.ts', 'v0.4.0');
    expect(told).toMatchObject({ code: 0, err: '' });
    expect(await readFile(file, 'utf8')).toBe('version=0.4.0\ndist-tag=latest\nprerelease=false\nmajor-tag=v0\n');
  });

  it('has a prerelease shown as such, and moves no major tag for it', async () => {
    await releasedBefore('1.3.1', unreleased('Added', 'a thing'));
    await repository.script('prepare.ts', '1.4.0-rc.1');
    await repository.commit('Release');
    await repository.git('tag', 'v1.4.0-rc.1');
    expect(await repository.script('check.ts', 'v1.4.0-rc.1')).toEqual({
      ...{ code: 0, err: '' },
      out: 'version=1.4.0-rc.1\ndist-tag=next\nprerelease=true\nmajor-tag=\n',
    });
  });

  it('refuses a tag that is none, that differs from the packages, or whose version has no section', async () => {
    await releasedBefore('0.3.1', unreleased('Added', 'a thing'));
    for (const tag of ['', '0.3.1', 'v0.3.1+build', 'v0.3.1\nx=y']) {
      await refused(tag, 'release.tag_invalid');
    }
    await refused('v0.4.0', 'release.tag_differs');
    await writeVersion(repository.folder, '0.4.0');
    await refused('v0.4.0', 'release.no_section');
    await repository.write('CHANGELOG.md', changelog('## 0.4.0 - 2026-02-03\n', released('0.3.1')));
    await refused('v0.4.0', 'release.no_section');
    await repository.write('cli/package.json', (await repository.read('cli/package.json')).replace('0.4.0', '0.4.1'));
    await refused('v0.4.0', 'release.versions_differ');
  });

  it('refuses changes that the section does not tell, a commit beside main, and a version behind another', async () => {
    await prepared();
    await repository.git('tag', 'v0.4.0');
    const good = await repository.read('CHANGELOG.md');
    await repository.write('CHANGELOG.md', good.replace('## Unreleased\n', unreleased('Fixed', 'a late one')));
    await refused('v0.4.0', 'release.unlisted_changes');
    await repository.write('CHANGELOG.md', good);

    await repository.git('switch', '--quiet', '--create', 'beside');
    await repository.git('commit', '--quiet', '--allow-empty', '--message', 'Beside main');
    await refused('v0.4.0', 'release.tag_elsewhere');
    await repository.git('tag', '--force', 'v0.4.0');
    await refused('v0.4.0', 'release.not_on_main');

    await repository.git('switch', '--quiet', 'main');
    await repository.git('tag', '--force', 'v0.4.0');
    await repository.git('tag', 'v0.5.0-rc.1', 'HEAD~1');
    await refused('v0.4.0', 'release.not_newest');
    await repository.git('tag', '--delete', 'v0.5.0-rc.1');
    expect((await repository.script('check.ts', 'v0.4.0')).code).toBe(0);
  });
});

it('moves the major tag of the Action from the release before, and no other tag', async () => {
  repository = await releaseRepository(changelog(fresh));
  expect((await repository.script('move-major-tag.ts', 'v0')).code).toBe(0);
  await repository.git('commit', '--quiet', '--allow-empty', '--message', 'Another release');
  const told = await repository.script('move-major-tag.ts', 'v0');
  const head = await repository.git('rev-parse', 'HEAD');
  expect(told).toEqual({ code: 0, out: `v0 is ${head}\n`, err: '' });
  expect(await repository.git('ls-remote', '--tags', 'origin')).toBe(`${head}\trefs/tags/v0`);
  for (const tag of ['', 'v0.1.0', 'v1:main']) {
    expect(await repository.script('move-major-tag.ts', tag)).toMatchObject({
      code: 1,
      err: expect.stringMatching('^release.tag_invalid: '),
    });
  }
});
