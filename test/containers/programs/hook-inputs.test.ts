import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { resolveInTree } from '../../../containers/builder/agent/tree-path.ts';
import { hookInputs } from '../../../containers/builder/programs/boot/hook-inputs.ts';

const tree = mkdtempSync(join(tmpdir(), 'lbuild-hooks-'));
afterAll(() => rmSync(tree, { recursive: true, force: true }));

it('finds words, settings and patterns in the hooks', async () => {
  mkdirSync(join(tree, 'usr/share/initramfs-tools/hooks'), { recursive: true });
  const hook = [
    '#!/bin/sh',
    '# for x in /usr/lib/comment/*; do',
    'for library in /usr/lib/*/libkmod.so.*; do copy_exec "$library"; done',
    'for src in "/lib/klibc/bin/"*; do :; done',
    'case "$target" in /bin/* | /lib* | /sbin/*) ;; esac',
    `rm "\${DESTDIR}/usr/sbin/"* "\${DESTDIR}"/usr/bin/* $DESTDIR/opt/bin/* conf/opt/*/x`,
    'cp -a "/lib/udev/rules.d/$name"* /lib/firmware/*.bin',
    `cp /usr/share/\${flavour}/*.conf /etc/live/boot.conf $(command -v blkid)`,
  ];
  writeFileSync(join(tree, 'usr/share/initramfs-tools/hooks/one'), `${hook.join('\n')}\n`);
  const { names, folders } = await hookInputs({ resolveInTree: (path) => resolveInTree(tree, path) });
  expect(names).toEqual(expect.arrayContaining(['blkid', 'copy_exec', 'libkmod.so.']));
  expect(folders).toEqual([
    'etc/live/boot.conf',
    'lib/firmware/*.bin',
    'lib/klibc/bin',
    'lib/udev/rules.d',
    'usr/lib/*/libkmod.so.*',
    'usr/lib/firmware/*.bin',
    'usr/lib/klibc/bin',
    'usr/lib/udev/rules.d',
    'usr/share',
  ]);
});
