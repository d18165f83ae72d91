import { git } from './git.ts';
import { ReleaseProblem, run } from './problem.ts';

/**
 * Moves the tag by which workflows name a line of the Action: `move-major-tag.ts v1` has origin's v1 stand where the clone is. It is
 * called after everything of the release is published, so that nobody gets a half of it.
 */
async function main(): Promise<void> {
  const [tag = ''] = process.argv.slice(2);
  if (!/^v(?:0|[1-9]\d*)$/.test(tag)) {
    throw new ReleaseProblem('release.tag_invalid', `${JSON.stringify(tag)} is no major tag.`, 'Give one like v1.');
  }
  const root = process.cwd();
  await git(root, 'push', '--force', 'origin', `HEAD:refs/tags/${tag}`);
  process.stdout.write(`${tag} is ${await git(root, 'rev-parse', 'HEAD')}\n`);
}

await run(main);
