import { hash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { ArchiveFiles, ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import { allEnded } from '../all-ended.ts';
import { sourceOf } from './apt-settings.ts';
import type { ForeignArchive } from './foreign-archives.ts';
import { PackageIndex } from './package-index.ts';
import { parseRelease, type Release } from './release-text.ts';

type Context = Pick<ProgramContext<unknown>, 'scratch' | 'archive' | 'archiveFiles' | 'distribution' | 'exec' | 'log'>;
type Suite = Context['archive']['suites'][number];

/** As planning has it (adapters/archive): more than this is no InRelease. */
const mostReleaseBytes = 4 * 1024 * 1024;

/** One file of the archive's state, as apt's lists folder has it. */
export interface ListFile {
  readonly suite: Suite;
  /** Its path below the suite's folder: `InRelease`, `main/binary-amd64/Packages`. */
  readonly name: string;
}

/** The archive in the planned state: verified, and read. */
export interface SignedIndexes {
  /** InRelease of each suite, as it is signed. */
  readonly releases: readonly (ListFile & { readonly bytes: Buffer })[];
  /** The package indexes, in the order in which `packages` numbers them. */
  readonly files: readonly ListFile[];
  readonly packages: PackageIndex;
}

/** A suite, and the file with the keys of which one must have signed it. */
interface SignedSuite {
  readonly suite: Suite;
  readonly keyring: string;
}

/** Steps of one stage share what the first of them has opened, by the names of the archives beside the distribution's. */
const opened = new WeakMap<ArchiveFiles, Map<string, Promise<SignedIndexes>>>();

/**
 * The package indexes that the plan was made for: each suite's InRelease carries a good signature of the distribution's
 * keyring and names these very indexes, and their bytes have the digests that it names. What is cached is not fetched.
 * Each archive beside the distribution's is verified by its own key alone, and that key verifies nothing else.
 *
 * Throws StepError: `archive.unreachable`, `archive.untrusted` (no good signature, expired, other bytes),
 * `archive.changed` (other indexes than planned: the archive was updated in between).
 */
export function openIndexes(context: Context, foreign: readonly ForeignArchive[] = []): Promise<SignedIndexes> {
  const all = opened.get(context.archiveFiles) ?? new Map<string, Promise<SignedIndexes>>();
  opened.set(context.archiveFiles, all);
  const name = foreign.map((archive) => archive.name).join(' ');
  const known = all.get(name);
  if (known !== undefined) return known;
  const indexes = readIndexes(context, [
    ...context.archive.suites.map((suite) => ({ suite, keyring: context.distribution.keyring })),
    ...foreign.flatMap(({ suites, keyring }) => suites.map((suite) => ({ suite, keyring }))),
  ]);
  all.set(name, indexes);
  indexes.catch(() => all.delete(name));
  return indexes;
}

async function readIndexes(context: Context, signed: readonly SignedSuite[]): Promise<SignedIndexes> {
  const folder = join(context.scratch, 'indexes');
  await mkdir(folder, { recursive: true });
  const suites = await allEnded(
    signed.map(async ({ suite, keyring }, position) => {
      const place = join(folder, String(position));
      const { bytes, release } = await openRelease(context, { suite, keyring }, place);
      const texts = await allEnded(
        Object.entries(suite.indexes).map(([name, sha256], number) =>
          openIndex(context, suite, release, { name, sha256, place: `${place}.${number}` }),
        ),
      );
      return { suite, bytes, texts };
    }),
  );
  await rm(folder, { recursive: true, force: true });
  return {
    releases: suites.map(({ suite, bytes }) => ({ suite, name: 'InRelease', bytes })),
    files: suites.flatMap(({ suite, texts }) => texts.map(({ name }) => ({ suite, name }))),
    packages: new PackageIndex(suites.flatMap(({ texts }) => texts.map(({ text }) => text))),
  };
}

const addressOf = (suite: Suite, name: string) => `${sourceOf(suite)}/dists/${suite.suite}/${name}`;

/** The InRelease that was planned with where it is cached, else the one that the archive has now. */
async function openRelease(
  context: Context,
  { suite, keyring }: SignedSuite,
  place: string,
): Promise<{ bytes: Buffer; release: Release }> {
  const signed = `${place}.InRelease`;
  const { archiveFiles } = context;
  const cached = suite.inRelease !== undefined && (await archiveFiles.take(suite.inRelease, signed));
  if (!cached) await writeFile(signed, await archiveFiles.read(addressOf(suite, 'InRelease'), mostReleaseBytes));
  const release = parseRelease(await verifiedText(context, { suite, keyring }, signed, `${place}.Release`));
  needPlannedIndexes(suite, release);
  const bytes = await readFile(signed);
  if (!cached) {
    // The planner has seen to it that the state it read had not expired; this one it may not have read. A snapshot is
    // asked for as it was.
    if (suite.snapshot === undefined) needCurrent(suite, release, archiveFiles.now());
    await archiveFiles.keep(hash('sha256', bytes), signed);
  }
  return { bytes, release };
}

/** The signed text of an InRelease. One good signature is enough, and a bad one is too much, as apt has it. */
async function verifiedText(
  context: Context,
  { suite, keyring }: SignedSuite,
  signed: string,
  plain: string,
): Promise<string> {
  const result = await context.exec(
    [
      'gpgv',
      '--quiet',
      '--homedir',
      context.scratch,
      '--keyring',
      keyring,
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
      `The InRelease of ${suite.suite} at ${suite.uri} has no good signature of ${keyring === context.distribution.keyring ? keyring : 'its key in the spec'}.`,
      result.code,
    );
  }
  return readFile(plain, 'utf8');
}

/** Throws `archive.changed` where a suite's signed text does not name the indexes that were planned with. */
export function needPlannedIndexes(suite: Suite, release: Release): void {
  for (const [name, planned] of Object.entries(suite.indexes)) {
    if (release.files.get(name)?.sha256 !== planned) {
      throw new StepError(
        'archive.changed',
        `The archive's ${suite.suite} changed after this build was planned (${name}); submit the build again to plan it anew.`,
      );
    }
  }
}

/** Throws `archive.untrusted` where a signed text has expired: who replays an old one hides security updates. */
export function needCurrent(suite: Suite, release: Release, now: Date): void {
  if (release.validUntil === undefined || now <= release.validUntil) return;
  throw new StepError(
    'archive.untrusted',
    `The InRelease of ${suite.suite} expired at ${release.validUntil.toISOString()}: the archive is not kept up to date.`,
  );
}

/** Forms in which archives have an index, the best first. */
const forms = ['.xz', '.gz', ''] as const;

/** The text of one package index, as Latin-1. */
async function openIndex(
  context: Context,
  suite: Suite,
  release: Release,
  index: { readonly name: string; readonly sha256: string; readonly place: string },
): Promise<{ name: string; text: string }> {
  const { name, sha256, place } = index;
  const { archiveFiles } = context;
  if (await archiveFiles.take(sha256, place)) return { name, text: await readFile(place, 'latin1') };
  const form = forms.find((ending) => release.files.has(name + ending));
  const packed = form === undefined ? undefined : release.files.get(name + form);
  if (form === undefined || packed === undefined) {
    throw new StepError('archive.unreachable', `The InRelease of ${suite.suite} names no form of ${name}.`);
  }
  // By its digest where the archive has that: its name may stand for another state already, but not in a snapshot.
  const slash = name.lastIndexOf('/');
  const path =
    release.byHash && suite.snapshot === undefined
      ? `${name.slice(0, slash)}/by-hash/SHA256/${packed.sha256}`
      : name + form;
  const file = { ...packed, address: addressOf(suite, path), place: place + form };
  await archiveFiles.fetch([file], { keep: false });
  const bytes = await unpack(context, file.place, form);
  if (hash('sha256', bytes) !== sha256) {
    throw new StepError('archive.untrusted', `${name}${form} of ${suite.suite} holds another index than is signed.`);
  }
  await writeFile(place, bytes);
  await archiveFiles.keep(sha256, place);
  return { name, text: bytes.toString('latin1') };
}

async function unpack(context: Context, file: string, form: (typeof forms)[number]): Promise<Buffer> {
  if (form === '.gz') return promisify(gunzip)(await readFile(file));
  if (form === '.xz') {
    await context.exec(['xz', '--decompress', file]);
    return readFile(file.slice(0, -form.length));
  }
  return readFile(file);
}
