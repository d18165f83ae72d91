import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Changelog, parser, type Release } from 'keep-a-changelog';
import semver from 'semver';
import { ReleaseProblem } from './problem.ts';

export const changelogFile = 'CHANGELOG.md';

/** How much a release changes for those who use it. */
export type Level = 'major' | 'minor' | 'patch';

/** What the entries of a section are called, by what they come to; those marked **Breaking** are major wherever they stand. */
const levels: Readonly<Record<string, Level>> = {
  ...{ added: 'minor', changed: 'minor', deprecated: 'minor', removed: 'major', fixed: 'patch', security: 'patch' },
};

/** @throws ReleaseProblem `release.changelog_invalid` where it is not of the form of keepachangelog.com */
export async function readChangelog(root: string): Promise<Changelog> {
  const text = await readFile(path.join(root, changelogFile), 'utf8');
  try {
    const changelog = parser(text);
    changelog.format = 'markdownlint';
    return changelog;
  } catch (error) {
    throw new ReleaseProblem(
      'release.changelog_invalid',
      `${changelogFile}: ${error instanceof Error ? error.message : String(error)}.`,
      'Write it in the form of keepachangelog.com.',
    );
  }
}

/** The section of what is not released yet. @throws ReleaseProblem `release.nothing_new` where it is missing or empty */
export function unreleased(changelog: Changelog): Release {
  const section = changelog.releases.find((release) => release.version === undefined);
  if (section !== undefined && !section.isEmpty()) return section;
  throw new ReleaseProblem(
    'release.nothing_new',
    `${changelogFile} has nothing under "Unreleased".`,
    'Write there what those who use it should know.',
  );
}

/** The section of a version, with its date. @throws ReleaseProblem `release.no_section` where it is missing, undated or empty */
export function sectionOf(changelog: Changelog, version: string): Release {
  const section = changelog.releases.find((release) => release.version === version);
  if (section?.date !== undefined && !section.isEmpty()) return section;
  throw new ReleaseProblem(
    'release.no_section',
    `${changelogFile} has no section ${version} with a date and entries.`,
    'Make it with `npm run release:prepare`, and tag the commit that has it.',
  );
}

/** What the entries come to; under a heading that is new to us they are taken for the worst. */
function levelOf(section: Release): Level {
  const found = [...section.changes].flatMap(([heading, changes]) =>
    changes.map(({ title }): Level => (title.startsWith('**Breaking**') ? 'major' : (levels[heading] ?? 'major'))),
  );
  return (['major', 'minor', 'patch'] as const).find((level) => found.includes(level)) ?? 'patch';
}

/**
 * The version that the unreleased entries ask for: of the last release, one level up. Before 1.0.0 what breaks raises the minor
 * number, as caret ranges of npm take it. Where nothing was released yet it is the version that the packages have.
 */
export function askedVersion(changelog: Changelog, current: string): string {
  const level = levelOf(unreleased(changelog));
  if (changelog.releases.every((release) => release.version === undefined)) return current;
  return semver.inc(current, level === 'major' && semver.major(current) === 0 ? 'minor' : level) ?? current;
}

/** A section as text, without its heading: what a release on GitHub says. */
export function notesOf(changelog: Changelog, section: Release): string {
  return `${section.toString(changelog).split('\n').slice(1).join('\n').trim()}\n`;
}
