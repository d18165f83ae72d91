import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isInstalled } from '../../scripts/setup/node-modules.mjs';
import { isDebianLike, osRelease } from '../../scripts/setup/system.mjs';
import {
  enginePackages,
  missingPackages,
  missingTools,
  type PackageWish,
  testPackages,
} from '../../scripts/setup/system-packages.mjs';

/** A machine with these packages (name to dpkg's status and version) and commands. */
function machine(packages: Readonly<Record<string, string>>, commands: readonly string[] = []) {
  const asked: string[] = [];
  const query = (argv: readonly string[]): string | undefined => {
    asked.push(argv.join(' '));
    const [command = '', verb, left = '', relation, right = ''] = argv;
    if (command === 'dpkg-query') return packages[argv.at(-1) ?? ''];
    if (command === 'dpkg' && verb === '--compare-versions' && relation === 'ge') return left >= right ? '' : undefined;
    return commands.includes(command) ? '' : undefined;
  };
  return { query, asked };
}

const names = (wishes: readonly PackageWish[]) => wishes.map((wish) => wish.name);
const tool: PackageWish = { name: 'tool', why: 'x', shown: ['tool', '--version'] };
const keys: PackageWish = { ...tool, name: 'keys', atLeast: '2023.3' };
const java: PackageWish = { ...tool, name: 'jre', shown: ['java', '-version'], anyProvider: true };

describe('missingPackages', () => {
  it.each([
    ['never installed', [tool], {}, ['tool']],
    ['installed', [tool], { tool: 'installed 1.0' }, []],
    ['removed, its configuration left', [tool], { tool: 'config-files 1.0' }, ['tool']],
    ['half installed', [tool], { tool: 'half-configured 1.0' }, ['tool']],
    ['old', [keys], { keys: 'installed 2022.1' }, ['keys']],
    ['just new enough', [keys], { keys: 'installed 2023.3' }, []],
    ['newer', [keys], { keys: 'installed 2025.1' }, []],
    ['one of several', [tool, keys, java], { tool: 'installed 1', jre: 'installed 2' }, ['keys']],
  ])('%s', (_name, wanted, packages, missing) => {
    expect(names(missingPackages(wanted, machine(packages).query))).toEqual(missing);
  });

  it('takes a Java that no package brought', () => {
    expect(missingPackages([java], machine({}, ['java']).query)).toEqual([]);
    expect(names(missingPackages([java], machine({}).query))).toEqual(['jre']);
  });

  it('does not take a command for a package where the package is asked for', () => {
    expect(names(missingPackages([tool], machine({}, ['tool']).query))).toEqual(['tool']);
  });

  it('asks for this machine where no other query is given: dpkg itself is installed', () => {
    expect(missingPackages([{ ...tool, name: 'dpkg', atLeast: '1.0' }])).toEqual([]);
    expect(names(missingPackages([{ ...tool, name: 'dpkg', atLeast: '999' }]))).toEqual(['dpkg']);
    expect(names(missingPackages([{ ...tool, name: 'no-such-package-at-all' }]))).toEqual(['no-such-package-at-all']);
  });
});

describe('missingTools', () => {
  it('goes by what shows itself and asks no package manager', () => {
    const { query, asked } = machine({}, ['tool']);
    expect(names(missingTools([tool, java], query))).toEqual(['jre']);
    expect(asked).toEqual(['tool --version', 'java -version']);
  });
});

describe('the lists', () => {
  it.each([...enginePackages, ...testPackages])('$name is a package name with a reason and a way to see it', (wish) => {
    expect(wish.name).toMatch(/^[a-z0-9][a-z0-9.+-]+$/);
    expect(wish.why).not.toBe('');
    expect(wish.shown.length).toBeGreaterThan(1);
  });

  it('is short on the machine itself', () => {
    expect(names(enginePackages)).toEqual(['mmdebstrap', 'debian-archive-keyring']);
  });
});

describe('isDebianLike', () => {
  it.each([
    [{ ID: 'debian' }, true],
    [{ ID: 'ubuntu', ID_LIKE: 'debian' }, true],
    [{ ID: 'mint', ID_LIKE: 'ubuntu debian' }, true],
    [{ ID: 'fedora' }, false],
    [{ ID: 'rocky', ID_LIKE: 'rhel centos fedora' }, false],
    [{}, false],
  ])('%o: %s', (members, expected) => {
    expect(isDebianLike(members)).toBe(expected);
  });
});

describe('osRelease', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-setup-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads members with and without quotes', () => {
    const file = join(folder, 'os-release');
    writeFileSync(file, `ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME='x'\nEMPTY=\n# ID=other\n`);
    expect(osRelease(file)).toEqual({
      ID: 'debian',
      PRETTY_NAME: 'Debian GNU/Linux 13 (trixie)',
      NAME: 'x',
      EMPTY: '',
    });
    expect(osRelease(join(folder, 'absent'))).toEqual({});
  });
});

describe('isInstalled', () => {
  const lock = {
    packages: {
      '': { version: '1.0.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/b-other-platform': { version: '1.0.0', integrity: 'sha512-b', optional: true },
      'node_modules/here': {},
    },
  };
  const whole = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' }, 'node_modules/here': {} };

  it.each([
    ['all but other platforms’ packages', whole, true],
    ['all', { ...whole, 'node_modules/b-other-platform': lock.packages['node_modules/b-other-platform'] }, true],
    ['one missing', { 'node_modules/a': whole['node_modules/a'] }, false],
    ['nothing', {}, false],
    ['another version', { ...whole, 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } }, false],
    ['other bytes', { ...whole, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-x' } }, false],
    ['one too many', { ...whole, 'node_modules/c': { version: '1.0.0' } }, false],
  ])('%s', (_name, packages, expected) => {
    expect(isInstalled(lock, { packages })).toBe(expected);
  });

  it('knows this very installation', () => {
    const entry = z.object({
      version: z.string().exactOptional(),
      integrity: z.string().exactOptional(),
      optional: z.boolean().exactOptional(),
    });
    const file = z.object({ packages: z.record(z.string(), entry) });
    const read = (path: string) =>
      file.parse(JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')));
    expect(isInstalled(read('package-lock.json'), read('node_modules/.package-lock.json'))).toBe(true);
  });
});
