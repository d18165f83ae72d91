import { describe, expect, it } from 'vitest';
import {
  changesInitramfs,
  deletesInputs,
  mayChangeInitramfs,
  removalMayChangeInitramfs,
} from '../../../core/plan/programs/initramfs-inputs.ts';

const inputs = {
  paths: ['usr/lib/x86_64-linux-gnu/libc.so.6', 'usr/sbin/blkid'],
  names: ['rsync', 'eject', 'run'],
  folders: ['etc/keys', 'usr/lib/klibc/bin/*', 'usr/lib/*/libkmod.so.*', 'usr/lib/klibc-*.so'],
};
const changes = changesInitramfs(inputs);

describe('what changes an initial RAM file system', () => {
  it.each([
    ['a file that it holds', 'usr/sbin/blkid'],
    ['a library that it holds', 'usr/lib/x86_64-linux-gnu/libc.so.6'],
    ['a kernel', 'boot/vmlinuz-6.12'],
    ['a module', 'usr/lib/modules/6.12/kernel/fs/ext4.ko'],
    ['a hook', 'usr/share/initramfs-tools/hooks/new'],
    ['a setting', 'etc/modprobe.d/blacklist.conf'],
    ['a program that a hook looks for', 'usr/bin/rsync'],
    ['what a hook names below /etc', 'etc/keys/one'],
    ['a folder that a hook takes whole', 'usr/lib/klibc/bin/cat'],
    ['what stands below a match', 'usr/lib/klibc/bin/folder/cat'],
    ['a library that a hook finds by a pattern', 'usr/lib/aarch64-linux-gnu/libkmod.so.2'],
    ['a library that could hide another', 'usr/local/lib/libc.so.6'],
  ])('is %s', (_, path) => expect(changes(path)).toBe(true));

  it.each([
    ['a program that no hook knows', 'usr/bin/curl'],
    ['a setting of something else', 'etc/ssh/sshd_config'],
    ['a word of a hook in /etc', 'etc/sv/ssh/run'],
    ['data of a name that a hook has', 'var/lib/eject'],
    ['a web page', 'srv/index.html'],
    ['what a pattern does not match', 'usr/lib/mime/packages/sensible-utils'],
    ['a library of which a pattern has another part', 'usr/lib/x/y/libkmod.so.2'],
    ['a name in which a dot of the pattern is no dot', 'usr/lib/x/libkmod-so-2'],
  ])('is not %s', (_, path) => expect(changes(path)).toBe(false));

  it('is told before there is a tree for what only a program or a setting of it can be', () => {
    for (const path of ['/etc/initramfs-tools/modules', '/usr/bin/rsync', '/lib/modules/x', '/etc/fstab']) {
      expect(mayChangeInitramfs(path), path).toBe(true);
    }
    for (const path of ['/etc/motd', '/srv/a', '/home/x/y', '/usr/share/doc/x', '/var/lib/x']) {
      expect(mayChangeInitramfs(path), path).toBe(false);
    }
  });

  it('is the deletion of a folder in which something of it stood', () => {
    const deletes = deletesInputs(inputs);
    for (const path of ['usr/lib/x86_64-linux-gnu', 'etc/systemd', 'usr/local', 'usr/lib/klibc/bin']) {
      expect(deletes(path), path).toBe(true);
    }
    for (const path of ['usr/sbin/blkid', 'usr/share/doc', 'usr/lib/x86']) expect(deletes(path), path).toBe(false);
  });

  it('is told of removals before there is a tree', () => {
    for (const path of ['/usr/local', '/etc/lvm', '/etc/lvm/lvm.conf', '/usr/bin/rsync', '/usr/lib/python3']) {
      expect(removalMayChangeInitramfs(path), path).toBe(true);
    }
    for (const path of ['/usr/share/doc', '/srv', '/etc/motd']) {
      expect(removalMayChangeInitramfs(path), path).toBe(false);
    }
  });
});
