import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readInspection } from '../../../containers/builder/programs/inspection/read-inspection.ts';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { inspectOptions } from '../../../core/plan/programs/inspect.ts';
import type { Inspection } from '../../../core/plan/programs/inspection.ts';
import { hostCommand } from './host-command.ts';
import type { Tree } from './judged-tree.ts';

/** Writes a tree that is written down into a folder, modes and owners included. */
export async function plantTree(folder: string, tree: Tree): Promise<void> {
  for (const [name, given] of Object.entries(tree)) {
    if (given === null) continue;
    const node = typeof given === 'string' ? { text: given } : given;
    const place = path.join(folder, name);
    await mkdir(path.dirname(place), { recursive: true });
    if (node.link !== undefined) {
      await symlink(node.link, place);
      continue;
    }
    if (node.folder === true) await mkdir(place, { recursive: true });
    else await writeFile(place, node.text ?? '');
    await chown(place, node.uid ?? 0, node.gid ?? 0);
    await chmod(place, node.mode ?? (node.folder === true ? 0o755 : 0o644));
  }
}

/** The paths of a folder as the index of a layer has them. */
export async function entriesOf(folder: string): Promise<Map<string, LayerEntry>> {
  const entries = new Map<string, LayerEntry>();
  const names = (await readdir(folder, { recursive: true })).sort();
  for (const name of names) {
    const place = path.join(folder, name);
    const found = await lstat(place);
    const { mode, uid, gid, size } = found;
    const owner = { path: name, uid, gid, mode: mode & 0o7777 };
    if (found.isSymbolicLink()) entries.set(name, { ...owner, type: 'symlink', target: await readlink(place) });
    else if (found.isDirectory()) entries.set(name, { ...owner, type: 'directory' });
    else {
      const digest = createHash('sha256')
        .update(await readFile(place))
        .digest('hex');
      entries.set(name, { ...owner, type: 'file', size, digest });
    }
  }
  return entries;
}

/** Reads a folder as the step program reads the tree of a build. */
export async function inspectFolder(folder: string): Promise<Inspection> {
  const source = { entries: await entriesOf(folder), place: (name: string) => Buffer.from(path.join(folder, name)) };
  const tools = { exec: hostCommand, progress: () => undefined, signal: new AbortController().signal };
  return readInspection(source, inspectOptions(), tools);
}
