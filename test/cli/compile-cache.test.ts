import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { compileCacheFolder } from '../../cli/compile-cache.ts';

const user = process.getuid?.() ?? 0;
const program = fileURLToPath(new URL('../../cli/lbuild.mjs', import.meta.url));
const modeOf = (folder: string) => statSync(folder).mode & 0o777;

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lbuild-home-'));
  const made = home;
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
});

describe('the folder of compiled modules', () => {
  it('is below the home of its user, and nobody else’s', () => {
    const folder = join(home, '.cache/lbuild');
    expect(compileCacheFolder({ HOME: home }, user)).toBe(folder);
    expect([modeOf(folder), modeOf(join(home, '.cache'))]).toEqual([0o700, 0o700]);
    expect(compileCacheFolder({ HOME: home }, user)).toBe(folder);
  });

  it('is where the user has caches, whatever else lies there', () => {
    const caches = join(home, 'caches');
    mkdirSync(caches, { mode: 0o755 });
    expect(compileCacheFolder({ HOME: home, XDG_CACHE_HOME: caches }, user)).toBe(join(caches, 'lbuild'));
    expect(compileCacheFolder({ HOME: home, XDG_CACHE_HOME: 'caches' }, user)).toBe(join(home, '.cache/lbuild'));
  });

  it.each<[string, { HOME?: string; XDG_CACHE_HOME?: string }]>([
    ['the environment names no place', {}],
    ['it names an empty one', { HOME: '', XDG_CACHE_HOME: '' }],
    ['it names none from the root on', { HOME: 'home/somebody' }],
    ['there is no such home', { HOME: '/nonexistent' }],
  ])('is none where %s', (_why, environment) => {
    expect(compileCacheFolder(environment, user)).toBeUndefined();
    expect(existsSync('/nonexistent')).toBe(false);
  });

  it('is none where the system has no users', () => {
    expect(compileCacheFolder({ HOME: home }, undefined)).toBeUndefined();
  });

  it.each([
    ['others read it', '.cache/lbuild', 0o755],
    ['a group writes to it', '.cache/lbuild', 0o770],
    ['others put another one in its place', '.cache', 0o777],
    ['others put another one above it', '.', 0o777],
  ])('is none where %s', (_why, place, mode) => {
    const folder = compileCacheFolder({ HOME: home }, user) ?? '';
    chmodSync(join(home, place), mode);
    expect(compileCacheFolder({ HOME: home }, user)).toBeUndefined();
    chmodSync(join(home, place), 0o700);
    expect(compileCacheFolder({ HOME: home }, user)).toBe(folder);
  });

  it('is none in the home of another user, and nothing is left there', () => {
    // As root with the home of the user who called sudo.
    if (user === 0) chownSync(home, 12_345, 12_345);
    expect(compileCacheFolder({ HOME: home }, user === 0 ? 0 : user + 1)).toBeUndefined();
    expect(readdirSync(home)).toEqual([]);
  });

  it('is none where it is a file', () => {
    mkdirSync(join(home, '.cache'), { mode: 0o700 });
    writeFileSync(join(home, '.cache/lbuild'), '');
    expect(compileCacheFolder({ HOME: home }, user)).toBeUndefined();
  });
});

describe('the CLI', () => {
  const run = () => {
    const environment = { PATH: process.env.PATH, HOME: home };
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'schema'], {
      ...{ env: environment, encoding: 'utf8' },
    });
    return { status, stdout, stderr };
  };
  const filesIn = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' });

  it('keeps its modules compiled, and does the same with them, and without where they are damaged', () => {
    const first = run();
    expect(first).toMatchObject({ status: 0, stderr: '' });
    const folder = join(home, '.cache/lbuild');
    const kept = filesIn(folder).filter((name) => statSync(join(folder, name)).isFile());
    expect(kept.length).toBeGreaterThan(20);
    expect(run()).toEqual(first);
    for (const name of kept) writeFileSync(join(folder, name), 'damaged');
    expect(run()).toEqual(first);
  });

  it('works where nothing can be kept', () => {
    chmodSync(home, 0o777);
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(home)).toEqual([]);
  });
});
