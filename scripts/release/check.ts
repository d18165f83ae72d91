import { appendFile } from 'node:fs/promises';
import semver from 'semver';
import { changelogFile, readChangelog, sectionOf } from './changelog.ts';
import { git, gitAgrees } from './git.ts';
import { ReleaseProblem, run } from './problem.ts';
import { oneVersion } from './versions.ts';

/** Branch that releases are of. */
const branch = 'refs/remotes/origin/main';

/**
 * Whether a tag may be released: `check.ts TAG`, in a clone with all tags and origin's main. Tells what the jobs behind it need as
 * outputs of its step: `version`, `dist-tag` (which npm shows it under), `prerelease`, and `major-tag`, empty for a prerelease.
 */
async function main(): Promise<void> {
  const [tag = ''] = process.argv.slice(2);
  const root = process.cwd();
  const version = versionOf(tag);
  const packages = await oneVersion(root);
  if (version.version !== packages) {
    throw new ReleaseProblem(
      'release.tag_differs',
      `The tag is ${tag}, but the packages have the version ${packages}.`,
      'Tag the commit that `npm run release:prepare` made.',
    );
  }
  const changelog = await readChangelog(root);
  sectionOf(changelog, version.version);
  if (changelog.releases.some((release) => release.version === undefined && !release.isEmpty())) {
    throw new ReleaseProblem(
      'release.unlisted_changes',
      `${changelogFile} has entries under "Unreleased" that the tag would release.`,
      'Tag the commit of the release itself, or prepare another one.',
    );
  }
  if ((await git(root, 'rev-parse', `refs/tags/${tag}^{commit}`)) !== (await git(root, 'rev-parse', 'HEAD'))) {
    throw new ReleaseProblem('release.tag_elsewhere', `What is checked out is not ${tag}.`, 'Check it out.');
  }
  if (!(await gitAgrees(root, 'merge-base', '--is-ancestor', 'HEAD', branch))) {
    throw new ReleaseProblem('release.not_on_main', `The commit of ${tag} is not on main.`, 'Merge it first.');
  }
  const tags = (await git(root, 'tag', '--list', 'v*')).split('\n').filter((name) => semver.valid(name) !== null);
  const higher = tags.find((name) => semver.gt(name, version));
  if (higher !== undefined) {
    throw new ReleaseProblem(
      'release.not_newest',
      `${higher} is there already, and ${tag} is lower.`,
      'Release what is newer.',
    );
  }
  const prerelease = version.prerelease.length > 0;
  const outputs = {
    version: version.version,
    'dist-tag': prerelease ? 'next' : 'latest',
    prerelease: String(prerelease),
    'major-tag': prerelease ? '' : `v${version.major}`,
  };
  const lines = Object.entries(outputs).map(([name, value]) => `${name}=${value}\n`);
  process.stdout.write(lines.join(''));
  const file = process.env.GITHUB_OUTPUT;
  if (file !== undefined) await appendFile(file, lines.join(''));
}

function versionOf(tag: string): semver.SemVer {
  const version = semver.parse(tag);
  if (version !== null && tag === `v${version.version}`) return version;
  throw new ReleaseProblem(
    'release.tag_invalid',
    `${JSON.stringify(tag)} is no tag of a release.`,
    'Give one like v1.2.3.',
  );
}

await run(main);
