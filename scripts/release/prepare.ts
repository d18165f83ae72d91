import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Release } from 'keep-a-changelog';
import semver from 'semver';
import { askedVersion, changelogFile, readChangelog, unreleased } from './changelog.ts';
import { git } from './git.ts';
import { ReleaseProblem, run } from './problem.ts';
import { oneVersion, writeVersion } from './versions.ts';

/**
 * First half of a release, in a clean clone: `prepare.ts [VERSION]` gives everything the next version and moves what the changelog
 * calls unreleased into a section of it. Without VERSION the changelog decides. Commit, review and tag are for people.
 */
async function main(): Promise<void> {
  const [given, ...more] = process.argv.slice(2);
  if (more.length > 0) {
    throw new ReleaseProblem(
      'release.usage',
      `There is one argument too many: ${more[0]}.`,
      'Give a version or nothing.',
    );
  }
  const root = process.cwd();
  if ((await git(root, 'status', '--porcelain')) !== '') {
    throw new ReleaseProblem(
      'release.tree_not_clean',
      'The clone has changes that are not committed.',
      'Commit them or put them aside: a release holds what is reviewed.',
    );
  }
  const changelog = await readChangelog(root);
  const current = await oneVersion(root);
  const asked = askedVersion(changelog, current);
  const version = given === undefined ? asked : checked(given, asked);
  if (changelog.releases.some((release) => release.version === version)) {
    throw new ReleaseProblem(
      'release.version_taken',
      `${changelogFile} has a section ${version} already.`,
      'Give a higher version.',
    );
  }
  const section = unreleased(changelog);
  section.setVersion(version);
  section.setDate(new Date());
  changelog.addRelease(new Release());
  await writeVersion(root, version);
  await writeFile(path.join(root, changelogFile), changelog.toString());
  process.stdout.write(
    [
      `${version} is prepared. Read the changes, and send them in as "Release ${version}". When that is on main:`,
      `  git tag --annotate v${version} --message "Release ${version}" COMMIT`,
      `  git push origin v${version}`,
      '',
    ].join('\n'),
  );
}

/** A version that was given, where it is one and not lower than the changelog asks for; a prerelease of that may come before it. */
function checked(given: string, asked: string): string {
  const version = semver.parse(given);
  if (version === null || version.version !== given || version.build.length > 0) {
    throw new ReleaseProblem(
      'release.version_invalid',
      `${given} is no version.`,
      'Give one like 1.2.3 or 1.2.3-rc.1.',
    );
  }
  const whole = `${version.major}.${version.minor}.${version.patch}`;
  if (semver.lt(whole, asked)) {
    throw new ReleaseProblem(
      'release.version_too_low',
      `The entries of ${changelogFile} ask for ${asked}, and ${given} is lower.`,
      'Give that or a higher one, or none.',
    );
  }
  return given;
}

await run(main);
