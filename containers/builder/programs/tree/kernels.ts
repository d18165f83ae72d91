import { listTreeFolder, type TreeAccess } from './tree-file.ts';

/** Versions of the kernels among names of files in /boot, the newest last, numbers in a version compared as numbers. */
export function kernelsAmong(names: readonly string[]): string[] {
  const order = new Intl.Collator('en', { numeric: true });
  return names
    .flatMap((name) => /^vmlinuz-([A-Za-z0-9][A-Za-z0-9.+~_-]*)$/.exec(name)?.[1] ?? [])
    .sort((a, b) => order.compare(a, b));
}

/** Versions of the kernels in the tree's /boot, the newest last. */
export async function kernelVersions(access: TreeAccess): Promise<string[]> {
  return kernelsAmong(await listTreeFolder(access, '/boot'));
}
