import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { type AptSettings, archiveKeyring } from './apt-settings.ts';

type Context = Pick<ProgramContext<unknown>, 'scratch' | 'archive' | 'exec' | 'log'>;
type Suite = Context['archive']['suites'][number];

/**
 * Fetches the package indexes into the settings' lists, after verifying that each suite's InRelease carries a good
 * signature of the distribution's keyring and names the very indexes that the plan was made for.
 *
 * Throws StepError: `archive.unreachable`, `archive.untrusted` (no good signature), `archive.changed` (other indexes
 * than planned: the archive was updated in between, and a build submitted anew plans for the new state).
 */
export async function fetchIndexes(context: Context, settings: AptSettings): Promise<void> {
  const environment = { APT_CONFIG: settings.configuration, LC_ALL: 'C.UTF-8' };
  const folder = join(context.scratch, 'apt', 'releases');
  await mkdir(folder, { recursive: true });
  for (const [position, suite] of context.archive.suites.entries()) {
    const signed = join(folder, `${position}.InRelease`);
    await downloadRelease(context, suite, signed, environment);
    const text = await verifiedText(context, suite, signed, join(folder, `${position}.Release`));
    needPlannedIndexes(suite, text);
  }
  const update = await context.exec(['apt-get', 'update', '--quiet', '--error-on=any'], {
    env: environment,
    okCodes: [0, 100],
  });
  if (update.code !== 0) {
    throw new StepError(
      'archive.unreachable',
      `The package indexes of ${context.archive.suites.map(({ suite }) => suite).join(', ')} could not be fetched; the log holds apt's words.`,
      update.code,
    );
  }
  await needSameReleases(context, settings, folder);
}

async function downloadRelease(
  context: Context,
  suite: Suite,
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const address = `${suite.uri.replace(/\/+$/, '')}/dists/${suite.suite}/InRelease`;
  const result = await context.exec(['/usr/lib/apt/apt-helper', 'download-file', address, file], {
    env: environment,
    okCodes: [0, 1, 100],
    quiet: true,
  });
  if (result.code !== 0) {
    throw new StepError('archive.unreachable', `${address} could not be fetched.`, result.code);
  }
}

/** The signed text of an InRelease. One good signature is enough, and a bad one is too much, as apt has it. */
async function verifiedText(context: Context, suite: Suite, signed: string, plain: string): Promise<string> {
  const result = await context.exec(
    [
      'gpgv',
      '--quiet',
      '--homedir',
      context.scratch,
      '--keyring',
      archiveKeyring,
      '--status-fd',
      '1',
      '--output',
      plain,
      signed,
    ],
    // 2: some signature is by a key that the keyring lacks; the status lines tell whether another is good.
    { okCodes: [0, 1, 2], quiet: true },
  );
  const statuses = result.stdout.split('\n').map((line) => line.split(' ')[1]);
  if (!statuses.includes('VALIDSIG') || statuses.includes('BADSIG') || result.code === 1) {
    throw new StepError(
      'archive.untrusted',
      `The InRelease of ${suite.suite} at ${suite.uri} has no good signature of ${archiveKeyring}.`,
      result.code,
    );
  }
  return readFile(plain, 'utf8');
}

/** Name to SHA-256 of the files that a Release text lists, from its SHA256 field. */
export function releaseDigests(text: string): Map<string, string> {
  const digests = new Map<string, string>();
  let inside = false;
  for (const line of text.split('\n')) {
    if (!line.startsWith(' ')) inside = line.startsWith('SHA256:');
    else if (inside) {
      const [digest, , name] = line.trim().split(/\s+/);
      if (digest !== undefined && name !== undefined) digests.set(name, digest);
    }
  }
  return digests;
}

/** Throws `archive.changed` where a suite's signed text does not name the indexes that were planned with. */
export function needPlannedIndexes(suite: Suite, text: string): void {
  const digests = releaseDigests(text);
  for (const [name, planned] of Object.entries(suite.indexes)) {
    if (digests.get(name) !== planned) {
      throw new StepError(
        'archive.changed',
        `The archive's ${suite.suite} changed after this build was planned (${name}); submit the build again to plan it anew.`,
      );
    }
  }
}

/** Apt fetched each InRelease once more: it must be the one that was verified above. */
async function needSameReleases(context: Context, settings: AptSettings, folder: string): Promise<void> {
  for (const [position, suite] of context.archive.suites.entries()) {
    const name = `${suite.uri.replace(/^[a-z]+:\/\//, '').replace(/\/+$/, '')}/dists/${suite.suite}/InRelease`;
    const fetched = await readFile(join(settings.lists, name.replaceAll('_', '%5f').replaceAll('/', '_'))).catch(
      () => undefined,
    );
    const verified = await readFile(join(folder, `${position}.InRelease`));
    if (fetched === undefined || !verified.equals(fetched)) {
      throw new StepError(
        'archive.changed',
        `The archive's ${suite.suite} changed while its indexes were fetched; submit the build again.`,
      );
    }
  }
}
