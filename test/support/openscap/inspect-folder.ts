import { bytesToText, compareBytes, pathInside, textToBytes } from '../../../containers/builder/layers/path-text.ts';
import { walkTree } from '../../../containers/builder/layers/walk.ts';
import { readXattrs } from '../../../containers/builder/layers/xattrs.ts';
import { readInspection } from '../../../containers/builder/programs/inspection/read-inspection.ts';
import type { LayerEntry } from '../../../core/builds/layer-index.ts';
import { inspectOptions } from '../../../core/plan/programs/inspect.ts';
import type { Inspection } from '../../../core/plan/programs/inspection.ts';
import { hostCommand } from '../../core/compliance/host-command.ts';

/** What checks of accounts and of sshd are about: a reading of these alone takes a tenth of the time. */
export const settingsAlone = /^(?:etc|var|var\/lib|var\/lib\/dpkg)$|^(?:etc|var\/lib\/dpkg)\//;

/**
 * Reads a tree on the disk as the step `inspect` reads that of a build: what an index would say is asked of the disk.
 * @param only paths that are read; what is below a folder that is left out must not be among them
 */
export async function inspectFolder(folder: string, only: RegExp = /^/): Promise<Inspection> {
  const walked = await walkTree(folder);
  const paths = walked.paths.filter(({ path }) => only.test(path));
  const xattrs = await readXattrs(
    folder,
    paths.map(({ path }) => path),
  );
  const firstNames = new Map<string, string>();
  const entries = new Map<string, LayerEntry>();
  for (const found of paths.sort((one, other) => compareBytes(one.path, other.path))) {
    const { type, mode, uid, gid, size, inode, links, target } = found;
    const path = bytesToText(found.path);
    const attributes = xattrs.get(found.path);
    const owned = { path, mode, uid, gid, ...(attributes === undefined ? {} : { xattrs: attributes }) };
    const first = type === 'file' && links > 1 ? firstNames.get(inode) : undefined;
    if (first !== undefined) entries.set(path, { ...owned, type: 'hardlink', target: first });
    else if (type === 'file') entries.set(path, { ...owned, type, size });
    else entries.set(path, { ...owned, type, ...(target === undefined ? {} : { target }) });
    if (first === undefined) firstNames.set(inode, path);
  }
  const source = { entries, place: (path: string) => pathInside(folder, textToBytes(path)) };
  const tools = { exec: hostCommand, progress: () => undefined, signal: new AbortController().signal };
  return await readInspection(source, inspectOptions(), tools);
}
