import { existsInTree, linkInTree, type TreeAccess, writeTreeFile } from './tree-file.ts';

/** A unit of the engine's own by which each machine makes for itself what no image may hold. */
export interface BootUnit {
  /** Its name, with `.service`. */
  readonly name: string;
  /** Program of the image that it is for: a tree without that does not get the unit. */
  readonly program: string;
  readonly text: string;
}

/** Puts a unit in, enabled, where the tree has what it is for. Changes nothing where it is. */
export async function ensureBootUnit(access: TreeAccess, { name, program, text }: BootUnit): Promise<void> {
  if (!(await existsInTree(access, program))) return;
  const path = `/etc/systemd/system/${name}`;
  if (await existsInTree(access, path)) return;
  await writeTreeFile(access, path, text, { mode: 0o644 });
  await linkInTree(access, `/etc/systemd/system/multi-user.target.wants/${name}`, path);
}
