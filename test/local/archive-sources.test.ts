import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findArchives } from '../../local/archive-sources.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

const debian = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_CODENAME=trixie\nID=debian\n';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** A machine of the given files below /etc, Debian 13 unless they say otherwise. */
function machine(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'lbuild-sources-'));
  roots.push(root);
  for (const [name, text] of Object.entries({ 'os-release': debian, ...files })) {
    const file = join(root, 'etc', name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return root;
}

const list = (text: string) => ({ 'apt/sources.list': text });
const deb822 = (text: string) => ({ 'apt/sources.list.d/debian.sources': text });
const both = { debian: 'http://a.test/debian', debianSecurity: 'http://s.test/debian-security' };
const main = { debian: 'http://a.test/debian' };

/** A stanza as Debian's installer writes it. */
function stanza(fields: Readonly<Record<string, string>> = {}): string {
  const all = {
    Types: 'deb deb-src',
    URIs: 'http://a.test/debian/',
    Suites: 'trixie trixie-updates',
    Components: 'main non-free-firmware',
    'Signed-By': keyring,
    ...fields,
  };
  return `${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')}\n`;
}

const inlineKey = `Types: deb
URIs: http://third.test/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 Version: some tool
 .
 mQINBGPL0BUBEADmW5NdOOHwPIJlgPu6JDcKw/NZJPR8lsD3K87ZM18gzyQZJD+w
 URIs: http://inside-the-key.test/
 -----END PGP PUBLIC KEY BLOCK-----
`;

const machines: readonly [string, Readonly<Record<string, string>>, ReturnType<typeof findArchives>][] = [
  ['no sources at all', {}, {}],
  ['an empty list', list(''), {}],
  [
    'one-line entries with components, comments and other suites',
    list(`# deb http://commented.test/debian trixie main
deb-src http://source.test/debian trixie main
  deb   http://a.test/debian\ttrixie   main contrib # the archive
deb http://a.test/debian trixie-updates main
deb http://s.test/debian-security trixie-security main\n`),
    both,
  ],
  [
    'https and trailing slashes',
    list('deb https://a.test/debian// trixie main\n'),
    { debian: 'https://a.test/debian' },
  ],
  ['options in brackets', list(`deb [ arch=amd64 signed-by=${keyring} ] http://a.test/debian trixie main\n`), main],
  [
    'options of a third party before the distribution',
    list(
      `deb [signed-by=/etc/apt/keyrings/third.gpg arch=amd64] http://third.test/debian trixie main\ndeb [signed-by=${keyring}] http://a.test/debian trixie main\n`,
    ),
    main,
  ],
  [
    'an entry without a key before one of the distribution’s keyring',
    { 'apt/sources.list.d/a-third.list': 'deb http://third.test/debian trixie main\n', ...deb822(stanza()) },
    main,
  ],
  ['the keyring among other keys', list(`deb [signed-by=/x.gpg,${keyring}] http://a.test/debian trixie main\n`), main],
  ['another release only', list('deb http://a.test/debian bookworm main\n'), {}],
  ['a suite that has the release’s name in its own', list('deb http://a.test/debian trixie-backports main\n'), {}],
  ['the release by its alias', list('deb http://a.test/debian stable main\n'), main],
  [
    'the name of the release before an alias',
    list('deb http://other.test/debian testing main\ndeb http://a.test/debian trixie main\n'),
    main,
  ],
  ['another component only', list('deb http://third.test/linux trixie stable\n'), {}],
  ['a disc', list('deb cdrom:[Debian GNU/Linux 13.0.0 _Trixie_]/ trixie main\n'), {}],
  [
    'a disc before the archive',
    list('deb cdrom:[Debian GNU/Linux 13.0.0 _Trixie_]/ trixie main\ndeb http://a.test/debian trixie main\n'),
    main,
  ],
  ['a folder', list('deb file:/srv/mirror trixie main\ndeb [trusted=yes] copy:/srv/mirror trixie main\n'), {}],
  ['deb822 as the installer writes it', deb822(stanza()), main],
  [
    'deb822 with security',
    deb822(`${stanza()}\n${stanza({ URIs: 'http://s.test/debian-security', Suites: 'trixie-security' })}`),
    both,
  ],
  [
    'deb822 stanzas parted by several lines, with comments inside',
    deb822(
      `# The archive.\n${stanza({ Suites: 'bookworm' })}\n \n\n${stanza().replace('Suites:', '# Suites: sid\nSuites:')}`,
    ),
    main,
  ],
  [
    'fields in other case, values on lines of their own',
    deb822('types: deb\nuris:\n http://a.test/debian\nSUITES:\n trixie\n trixie-updates\ncomponents: main\n'),
    main,
  ],
  [
    'several addresses: the first http one',
    deb822(stanza({ URIs: 'file:/srv/x http://a.test/debian http://b.test/debian' })),
    main,
  ],
  ['an inline key of a third party', deb822(inlineKey), {}],
  ['an inline key before the distribution’s stanza', deb822(`${inlineKey}\n${stanza()}`), main],
  [
    'the keyring in its newer form',
    deb822(stanza({ 'Signed-By': '/usr/share/keyrings/debian-archive-keyring.pgp' })),
    main,
  ],
  [
    'the key of one release',
    deb822(stanza({ 'Signed-By': '/usr/share/keyrings/debian-archive-trixie-stable.gpg' })),
    main,
  ],
  [
    'a keyring that is named alike',
    deb822(stanza({ 'Signed-By': '/etc/apt/keyrings/my-debian-archive-keyring.gpg' })),
    {},
  ],
  ['sources only', deb822(stanza({ Types: 'deb-src' })), {}],
  ...['no', 'No', 'false', 'off', 'without', 'disable', '0'].map((word): (typeof machines)[number] => [
    `Enabled: ${word}`,
    deb822(stanza({ Enabled: word })),
    {},
  ]),
  ['Enabled: yes', deb822(stanza({ Enabled: 'yes' })), main],
  [
    'a list of mirrors, as Debian’s cloud images have it',
    {
      ...deb822(
        `${stanza({ URIs: 'mirror+file:///etc/apt/mirrors/debian.list' })}\n${stanza({ URIs: 'mirror+file:/etc/apt/mirrors/security.list', Suites: 'trixie-security' })}`,
      ),
      'apt/mirrors/debian.list': '# mirrors\nhttp://a.test/debian/\tpriority:1\nhttp://b.test/debian\tpriority:2\n',
      'apt/mirrors/security.list': 'http://s.test/debian-security\n',
    },
    both,
  ],
  ['a list of mirrors that is missing', deb822(stanza({ URIs: 'mirror+file:///etc/apt/mirrors/debian.list' })), {}],
  [
    'files that apt does not read',
    {
      'apt/sources.list.d/debian.sources.bak': stanza(),
      'apt/sources.list.save': 'deb http://a.test/debian trixie main\n',
    },
    {},
  ],
  ['lines that end as on Windows', { ...deb822(stanza().replaceAll('\n', '\r\n')) }, main],
  [
    'Ubuntu',
    {
      'os-release': 'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=trixie\n',
      ...list('deb http://a.test/debian trixie main\n'),
    },
    {},
  ],
  ['a derivative', { 'os-release': 'ID=raspbian\nID_LIKE=debian\nVERSION_CODENAME=trixie\n', ...deb822(stanza()) }, {}],
  ['Debian without a code name', { 'os-release': 'ID=debian\n', ...deb822(stanza()) }, {}],
  ['os-release in quotes', { 'os-release': 'ID="debian"\nVERSION_CODENAME=\'trixie\'\n', ...deb822(stanza()) }, main],
];

describe('findArchives', () => {
  it.each(machines)('%s', (_name, files, expected) => {
    expect(findArchives(machine(files))).toEqual(expected);
  });

  it('answers nothing where the machine does not say what it is', () => {
    const root = mkdtempSync(join(tmpdir(), 'lbuild-sources-'));
    roots.push(root);
    expect(findArchives(root)).toEqual({});
  });

  it('passes over folders and links to nothing that are named like sources', () => {
    const root = machine(deb822(stanza()));
    mkdirSync(join(root, 'etc/apt/sources.list.d/a.list'));
    symlinkSync('/nowhere', join(root, 'etc/apt/sources.list.d/b.sources'));
    expect(findArchives(root)).toEqual(main);
  });
});
