import { setImmediate } from 'node:timers/promises';
import type { inspect } from '../../../../core/plan/programs/inspect.ts';
import { type Inspection, mostFindings } from '../../../../core/plan/programs/inspection.ts';
import type { ExecOptions, ExecResult, OptionsOf } from '../../contract.ts';
import { type KnownAccount, readAccounts, readGroups } from './accounts.ts';
import { pathsOf, privileged, unowned, worldWritable } from './findings.ts';
import { installedPackages } from './installed-packages.ts';
import { type PackagedFile, readPackageFiles } from './package-files.ts';
import { findSecrets, largestSearched } from './secrets.ts';
import { eachOf, type LayerEntry, md5Of, readBytes, readText, type TreeSource } from './tree-source.ts';
import { tryPasswords } from './well-known.ts';

const largestTable = 8 << 20;
const largestText = 262_144;
const mostListed = 60_000;
const mostUnread = 1_000;

/** What an inspection needs of whoever runs it. */
export interface InspectionTools {
  exec(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<ExecResult>;
  progress(percent: number): void;
  readonly signal: AbortSignal;
}

/**
 * Reads a tree as data: nothing in it is run, no link is followed out of it, and of what is large a part is told.
 * @throws Error where it has more paths in the listed folders than an inspection holds
 */
export async function readInspection(
  source: TreeSource,
  { folders, texts }: OptionsOf<typeof inspect>,
  tools: InspectionTools,
): Promise<Inspection> {
  const entries = [...source.entries.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const listed = entries.filter(
    ({ path }) => !path.includes('/') || folders.some((folder) => path === folder || path.startsWith(`${folder}/`)),
  );
  if (listed.length > mostListed)
    throw new Error(`the folders that are inspected hold ${listed.length} paths, more than ${mostListed}`);
  const raised = privileged(entries);
  const units = listed.filter(({ path }) => /^(?:etc|usr\/(?:local\/)?lib)\/systemd\/system\/[^/]+$/.test(path));
  const wanted = new Set([...raised, ...units].map(({ path }) => path));
  const database = await readPackageFiles(source, wanted);
  tools.progress(20);
  const { changed, verified } = await compareFiles(source, database.files, tools);
  tools.progress(70);
  const known = readAccounts(await table(source, 'etc/passwd'), await table(source, 'etc/shadow'));
  const groups = readGroups(await table(source, 'etc/group'));
  const told = await tellTexts(source, listed, texts);
  const secrets = await searchSecrets(source, entries, verified, tools);
  tools.progress(90);
  const [uids, gids] = [new Set(known.map(({ account }) => account.uid)), new Set(groups.map(({ gid }) => gid))];
  return {
    format: 'lbuild-inspection/1',
    entries: listed,
    ...told,
    accounts: await accountsOf(known, tools),
    groups,
    packages: await installedPackages(source),
    owners: Object.fromEntries([...database.owners].sort(([one], [other]) => (one < other ? -1 : 1))),
    worldWritable: pathsOf(worldWritable(entries)),
    unowned: pathsOf(unowned(entries, uids, gids)),
    privileged: raised.slice(0, 2_000).map((file) => {
      const owner = database.owners.get(file.path);
      return owner === undefined ? file : { ...file, package: owner };
    }),
    changed: pathsOf(changed),
    unverified: pathsOf(database.unverified),
    secrets,
  };
}

const table = async (source: TreeSource, path: string): Promise<string> =>
  // Names in other bytes than UTF-8 are told as they can be.
  (await readBytes(source, path, largestTable))?.toString('utf8') ?? '';

async function accountsOf(known: readonly KnownAccount[], tools: InspectionTools): Promise<Inspection['accounts']> {
  const verdicts = await tryPasswords((argv, options) => tools.exec(argv, options), known);
  return known.map(({ account }, position) => {
    const wellKnown = verdicts.get(position);
    return wellKnown === undefined ? account : { ...account, wellKnown };
  });
}

/** Which packaged files are as their packages brought them, and which are not; what is gone is in neither. */
async function compareFiles(source: TreeSource, files: readonly PackagedFile[], tools: InspectionTools) {
  const verified = new Set<string>();
  const changed = new Set<string>();
  let compared = 0;
  await eachOf(files, async ({ path, md5 }) => {
    compared += 1;
    // Small files are read without a turn of the event loop, in which cancellations and heartbeats have theirs.
    if (compared % 500 === 0) await setImmediate();
    tools.signal.throwIfAborted();
    const entry = source.entries.get(path);
    if (entry === undefined) return;
    if ((await md5Of(source, path)) === md5) verified.add(path);
    else changed.add(path);
  });
  // Two packages may bring one file, of which one has replaced the other’s.
  return { verified, changed: [...changed].filter((path) => !verified.has(path)).sort() };
}

async function tellTexts(
  source: TreeSource,
  listed: readonly LayerEntry[],
  wanted: OptionsOf<typeof inspect>['texts'],
) {
  const texts: Record<string, string> = {};
  const unread: string[] = [];
  const isWanted = (path: string) =>
    wanted.some((one) => {
      if (typeof one === 'string') return one === path;
      const name = path.slice(one.folder.length + 1);
      return path.startsWith(`${one.folder}/`) && !name.includes('/') && name.endsWith(one.ends);
    });
  const paths = listed
    .filter(({ path }) => isWanted(path))
    .map((entry) => (entry.type === 'symlink' ? linked(source, entry) : entry.path));
  for (const path of new Set(paths)) {
    if (path === undefined || source.entries.get(path) === undefined) continue;
    const text = await readText(source, path, largestText);
    if (text !== undefined) texts[path] = text;
    else if (source.entries.get(path)?.type === 'file' && unread.length < mostUnread) unread.push(path);
  }
  return {
    texts: Object.fromEntries(Object.entries(texts).sort(([one], [other]) => (one < other ? -1 : 1))),
    unread: unread.sort(),
  };
}

/** Where a link of configuration leads in one step, such as 99-sysctl.conf to ../sysctl.conf; undefined out of the tree. */
function linked(source: TreeSource, { path, target = '' }: LayerEntry): string | undefined {
  const parts = target.startsWith('/') ? [] : path.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const at = parts.join('/');
  // Configuration alone, and never what holds secrets, whatever a link says.
  const told = /^(?:etc|usr\/lib)\//.test(at) && !/^etc\/(?:g?shadow|ssl\/private|ssh\/ssh_host)/.test(at);
  return told && source.entries.has(at) ? at : undefined;
}

/** Files in which nobody looks for secrets: dpkg’s own, caches, and what a kernel or a boot loader is. */
const unsearched = /^(?:var\/(?:lib\/dpkg|lib\/apt|cache)|boot|usr\/lib\/(?:modules|firmware|locale))\//;

async function searchSecrets(
  source: TreeSource,
  entries: readonly LayerEntry[],
  verified: ReadonlySet<string>,
  tools: InspectionTools,
): Promise<Inspection['secrets']> {
  const found: { path: string; kind: string; line: number }[] = [];
  const files = entries.filter(
    ({ path, type, size = 0 }) =>
      type === 'file' && size > 0 && size <= largestSearched && !verified.has(path) && !unsearched.test(path),
  );
  await eachOf(files, async ({ path }) => {
    tools.signal.throwIfAborted();
    const bytes = await readBytes(source, path, largestSearched);
    for (const secret of findSecrets(bytes?.toString('latin1') ?? '', mostFindings)) found.push({ path, ...secret });
  });
  const ordered = found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line));
  return { count: ordered.length, found: ordered.slice(0, mostFindings) };
}
