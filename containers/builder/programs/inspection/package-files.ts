import { eachOf, readBytes, readText, type TreeSource } from './tree-source.ts';

const folder = 'var/lib/dpkg/info';
/** The largest list of one package’s files that is read: those of kernels have less than 2 MiB. */
const largestList = 32 << 20;

/** A file as the package that brought it says it is. */
export interface PackagedFile {
  readonly path: string;
  readonly md5: string;
}

/** What dpkg’s database says of the tree’s files. */
export interface PackageFiles {
  /** Files with checksums. Configuration files are not among them. */
  readonly files: readonly PackagedFile[];
  /** The package of each of the wanted paths that has one. */
  readonly owners: ReadonlyMap<string, string>;
  /** Packages with files and without checksums. */
  readonly unverified: readonly string[];
}

/**
 * Reads dpkg’s lists of files and checksums (deb-md5sums(5)), by the paths at which the files really lie: links of the
 * root folder (/bin to /usr/bin) and diversions are followed.
 */
export async function readPackageFiles(source: TreeSource, wanted: ReadonlySet<string>): Promise<PackageFiles> {
  const diversions = await readDiversions(source);
  const names = [...source.entries.keys()].filter((path) => path.startsWith(`${folder}/`));
  const files: PackagedFile[] = [];
  const owners = new Map<string, string>();
  const unverified: string[] = [];
  const placeOf = (path: string, owner: string): string => {
    const diverted = diversions.get(path);
    return merged(source, diverted !== undefined && diverted.by !== owner ? diverted.to : path);
  };
  await eachOf(
    names.filter((path) => path.endsWith('.list')),
    async (path) => {
      const name = path.slice(folder.length + 1, -'.list'.length);
      const owner = name.replace(/:.*$/, '');
      const listed = (await readBytes(source, path, largestList))?.toString('latin1') ?? '';
      for (const line of listed.split('\n')) {
        const place = placeOf(textOf(line.replace(/^\//, '')), owner);
        if (wanted.has(place)) owners.set(place, owner);
      }
      const sums = (await readBytes(source, `${folder}/${name}.md5sums`, largestList))?.toString('latin1');
      if (sums === undefined) {
        // What has folders and documentation alone has nothing to verify.
        if (listed.split('\n').some((line) => fileIn(source, line))) unverified.push(owner);
        return;
      }
      for (const line of sums.split('\n')) {
        const [, md5, file = ''] = /^([0-9a-f]{32})[ ]{2}(.+)$/.exec(line) ?? [];
        if (md5 !== undefined) files.push({ path: placeOf(textOf(file), owner), md5 });
      }
    },
  );
  const order = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
  return { files: files.sort(order), owners, unverified: unverified.sort() };
}

/** Bytes that are UTF-8 as text, as an index has it; of others no index has this form, and they are looked up in vain. */
const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8').replaceAll('\\', '\\\\');

function fileIn(source: TreeSource, line: string): boolean {
  const path = merged(source, line.replace(/^\//, ''));
  return source.entries.get(path)?.type === 'file' && !path.startsWith('etc/') && !path.startsWith('usr/share/doc/');
}

/** A path with the link of the root folder that it begins with followed. */
function merged({ entries }: TreeSource, path: string): string {
  const slash = path.indexOf('/');
  if (slash < 0) return path;
  const link = entries.get(path.slice(0, slash));
  return link?.type === 'symlink' ? `${(link.target ?? '').replace(/^\//, '')}${path.slice(slash)}` : path;
}

/** dpkg’s diversions: three lines each, of the path, where it is diverted to, and by whom (`:` is the administrator). */
async function readDiversions(source: TreeSource): Promise<Map<string, { readonly to: string; readonly by: string }>> {
  const lines = ((await readText(source, 'var/lib/dpkg/diversions', largestList)) ?? '').split('\n');
  const found = new Map<string, { to: string; by: string }>();
  for (let at = 0; at + 2 < lines.length; at += 3) {
    const [from = '', to = '', by = ''] = lines.slice(at, at + 3);
    found.set(from.replace(/^\//, ''), { to: to.replace(/^\//, ''), by });
  }
  return found;
}
