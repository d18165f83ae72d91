import { listTreeFolder, type TreeAccess } from './tree-file.ts';

/** Versions of the kernels in the tree's /boot, the newest last, numbers in a version compared as numbers. */
export async function kernelVersions(access: TreeAccess): Promise<string[]> {
  const order = new Intl.Collator('en', { numeric: true });
  return (await listTreeFolder(access, '/boot'))
    .filter((name) => /^vmlinuz-[A-Za-z0-9][A-Za-z0-9.+~_-]*$/.test(name))
    .map((name) => name.slice('vmlinuz-'.length))
    .sort((a, b) => order.compare(a, b));
}
