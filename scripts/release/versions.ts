import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { ReleaseProblem } from './problem.ts';

/** What has the version of a release: the repository, its two packages, and what npm has written down of them. */
const manifests = ['package.json', 'cli/package.json', 'sdk/package.json'] as const;
const lock = 'package-lock.json';

const versioned = z.looseObject({ version: z.string() });
/** An object of which the rest is kept as it is: zod's objects would put their own members first. */
const members = z.record(z.string(), z.unknown());
const lockSchema = z.looseObject({
  version: z.string(),
  packages: z.looseObject({ '': versioned, cli: versioned, sdk: versioned }),
});

const read = async (root: string, file: string): Promise<unknown> =>
  JSON.parse(await readFile(path.join(root, file), 'utf8'));

/** Versions by where they stand, such as `cli/package.json` or `package-lock.json: packages.cli`. */
export async function readVersions(root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const file of manifests) found.set(file, versioned.parse(await read(root, file)).version);
  const { version, packages } = lockSchema.parse(await read(root, lock));
  found.set(lock, version);
  for (const name of ['', 'cli', 'sdk'] as const) found.set(`${lock}: packages["${name}"]`, packages[name].version);
  return found;
}

/** The one version of everything. @throws ReleaseProblem `release.versions_differ` */
export async function oneVersion(root: string): Promise<string> {
  const found = await readVersions(root);
  const [first = ''] = found.values();
  const others = [...found].filter(([, version]) => version !== first);
  if (others.length === 0) return first;
  throw new ReleaseProblem(
    'release.versions_differ',
    `package.json has the version ${first}, but ${others.map(([place, version]) => `${place} has ${version}`).join(', ')}.`,
    'Give all of them one version.',
  );
}

/** Writes the version everywhere; nothing else of these files changes, not even the order of their members. */
export async function writeVersion(root: string, version: string): Promise<void> {
  const write = (file: string, value: unknown) =>
    writeFile(path.join(root, file), `${JSON.stringify(value, null, 2)}\n`);
  for (const file of manifests) await write(file, { ...members.parse(await read(root, file)), version });
  const known = members.parse(await read(root, lock));
  const packages = { ...z.record(z.string(), members).parse(known.packages) };
  for (const name of ['', 'cli', 'sdk']) packages[name] = { ...packages[name], version };
  await write(lock, { ...known, version, packages });
}
