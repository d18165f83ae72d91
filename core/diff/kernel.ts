import { nodeAt, type TreeNode } from './tree.ts';

/** Releases of the kernels in a tree's /boot, by the names of their images, the newest last. */
export function kernelReleases(root: TreeNode): string[] {
  const order = new Intl.Collator('en', { numeric: true });
  return [...(nodeAt(root, ['boot'])?.children?.keys() ?? [])]
    .filter((name) => /^vmlinuz-[A-Za-z0-9][A-Za-z0-9.+~_-]{0,100}$/.test(name))
    .map((name) => name.slice('vmlinuz-'.length))
    .sort((a, b) => order.compare(a, b));
}
