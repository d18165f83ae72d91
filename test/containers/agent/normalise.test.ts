import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { normaliseTree } from '../../../containers/builder/layers/normalise.ts';

const root = mkdtempSync(join(tmpdir(), 'lbuild-normalise-'));
afterAll(() => rmSync(root, { recursive: true }));

const gone = [
  ...['etc/ssh/ssh_host_ed25519_key', 'etc/ssh/ssh_host_ed25519_key.pub', 'etc/passwd-', 'etc/shadow-'],
  ...['etc/ssl/private/ssl-cert-snakeoil.key', 'var/lib/dpkg/status-old', 'var/lib/systemd/random-seed'],
  ...['var/lib/dbus/machine-id', 'var/cache/ldconfig/aux-cache', 'var/cache/debconf/config.dat-old'],
  ...['var/cache/apt/pkgcache.bin', 'var/lib/apt/lists/some_Packages', 'tmp/a/b', 'var/tmp/x', 'run/x.pid'],
  ...['var/log/journal/0123/system.journal', 'dev/shm/sem.lock', 'dev/mqueue/queue'],
];
const emptied = ['etc/machine-id', 'var/log/dpkg.log', 'var/log/apt/term.log'];
const kept = ['etc/passwd', 'etc/ssh/sshd_config', 'var/lib/dpkg/status', 'var/cache/debconf/config.dat'];

function write(tree: string, path: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), 'content');
}

describe('normalising a tree', () => {
  it('takes out what differs by run, and nothing else', async () => {
    const tree = join(root, 'tree');
    for (const path of [...gone, ...emptied, ...kept]) write(tree, path);
    await normaliseTree(tree, 1_000);
    expect(gone.filter((path) => existsSync(join(tree, path)))).toEqual([]);
    expect(emptied.map((path) => lstatSync(join(tree, path)).size)).toEqual([0, 0, 0]);
    expect(kept.map((path) => readFileSync(join(tree, path), 'utf8'))).toEqual(kept.map(() => 'content'));
    expect(existsSync(join(tree, 'var/log/apt'))).toBe(true);
    expect(lstatSync(tree).mtimeMs).toBe(1_000_000);
  });

  it('follows no symlink of the tree', async () => {
    const outside = join(root, 'outside');
    const tree = join(root, 'linked');
    for (const path of ['file', 'ssh_host_rsa_key', 'machine-id', 'passwd-', 'dpkg.log']) write(outside, path);
    mkdirSync(join(tree, 'var/lib/apt'), { recursive: true });
    mkdirSync(join(tree, 'var/cache'), { recursive: true });
    for (const path of ['tmp', 'run', 'etc', 'var/tmp', 'var/log', 'var/lib/apt/lists', 'var/cache/apt']) {
      symlinkSync(outside, join(tree, path));
    }
    await normaliseTree(tree, 1_000);
    for (const path of ['file', 'ssh_host_rsa_key', 'machine-id', 'passwd-', 'dpkg.log']) {
      expect(readFileSync(join(outside, path), 'utf8')).toBe('content');
    }
  });
});
