import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { normaliseTree } from '../../../containers/builder/layers/normalise.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import { useFolders } from '../../support/temporary-folders.ts';
import { everything, sampleSpec } from './sample-spec.ts';

const newFolder = useFolders('emptied-paths');
const errorsOf = (files: readonly object[]) => {
  const checked = checkSpec(sampleSpec({ files }), everything);
  return checked.ok ? [] : checked.errors;
};

/** What a layer would hold of a file: its content, or nothing. */
async function kept(path: string, content: string): Promise<string | undefined> {
  const tree = newFolder();
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  await normaliseTree(tree, 0);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

describe('a file of the spec', () => {
  it.each([
    '/tmp/script.sh',
    '/tmp/a/b',
    '/var/tmp/x',
    '/var/lib/apt/lists/x',
    '/var/log/journal/x',
    '/var/cache/apt/pkgcache.bin',
    '/var/cache/man/index.db',
    '/etc/passwd-',
    '/etc/own-',
    '/etc/ssl/private/ssl-cert-snakeoil.key',
    '/etc/ssl/certs/ssl-cert-snakeoil.pem',
    '/var/cache/ldconfig/aux-cache',
    '/var/cache/debconf/config.dat-old',
    '/var/lib/dpkg/status-old',
    '/var/lib/systemd/random-seed',
    '/var/lib/systemd/credential.secret',
    '/var/lib/urandom/random-seed',
    '/var/log/app.log',
    '/var/log/app/today',
  ])('%s is refused, since no layer would hold it', async (path) => {
    expect(await kept(path, 'content')).not.toBe('content');
    const errors = errorsOf([
      { path: '/srv/x', content: 'x' },
      { path, content: 'content' },
    ]);
    expect(errors).toMatchObject([{ path: 'files[1].path', code: 'spec.path_forbidden' }]);
  });

  it('in base64 is judged by whether it is empty, too', () => {
    expect(errorsOf([{ path: '/var/log/app.log', base64: '' }])).toEqual([]);
    expect(errorsOf([{ path: '/var/log/app.log', base64: 'AA==' }])).toMatchObject([{ path: 'files[0].path' }]);
  });

  it.each([
    ['/var/log/app.log', ''],
    ['/tmpfiles', 'x'],
    ['/var/cache/app/x', 'x'],
    ['/etc/app-/x', 'x'],
    ['/var/lib/apt/x', 'x'],
    ['/srv/tmp/x', 'x'],
    ['/etc/ssl/private/own.key', 'x'],
    ['/var/lib/dpkg/info/own-old', 'x'],
  ])('%s with the content %j is taken, and kept', async (path, content) => {
    expect(errorsOf([{ path, content }])).toEqual([]);
    expect(await kept(path, content)).toBe(content);
  });
});

describe('a home folder of the spec', () => {
  const errorsOf = (home: string) => {
    const checked = checkSpec(sampleSpec({ users: [{ name: 'ops', home }] }), everything);
    return checked.ok ? [] : checked.errors;
  };

  it.each(['/var/tmp/ops', '/var/log/ops', '/var/log/journal/ops', '/var/cache/man/ops', '/var/lib/apt/lists/ops'])(
    '%s is refused, since no layer would hold its files',
    async (home) => {
      expect(await kept(`${home}/.ssh/authorized_keys`, 'key')).not.toBe('key');
      expect(errorsOf(home)).toMatchObject([{ path: 'users[0].home', code: 'spec.path_forbidden' }]);
    },
  );

  it.each(['/home/ops', '/var/lib/ops', '/var/cache/ops', '/srv/tmp/ops'])('%s is taken, and kept', async (home) => {
    expect(await kept(`${home}/.ssh/authorized_keys`, 'key')).toBe('key');
    expect(errorsOf(home)).toEqual([]);
  });
});

describe('a folder of the spec', () => {
  const errorsOf = (path: string) => {
    const checked = checkSpec(sampleSpec({ directories: [{ path }] }), everything);
    return checked.ok ? [] : checked.errors;
  };

  /** Whether a layer would hold a folder. */
  async function isKept(path: string): Promise<boolean> {
    const tree = newFolder();
    mkdirSync(join(tree, path), { recursive: true });
    await normaliseTree(tree, 0);
    return existsSync(join(tree, path));
  }

  it.each(['/tmp/a', '/var/tmp/a/b', '/var/lib/apt/lists/a'])(
    '%s is refused, since no layer would hold it',
    async (path) => {
      expect(await isKept(path)).toBe(false);
      expect(errorsOf(path)).toMatchObject([{ path: 'directories[0].path', code: 'spec.path_forbidden' }]);
    },
  );

  it.each(['/var/log/app', '/var/cache/man/de', '/srv/tmp'])('%s is taken, and kept', async (path) => {
    expect(await isKept(path)).toBe(true);
    expect(errorsOf(path)).toEqual([]);
  });
});
