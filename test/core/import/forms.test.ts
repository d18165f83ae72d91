import { expect, it } from 'vitest';
import { readSudoRule } from '../../../core/import/accounts.ts';
import { type Import, type ImportKind, importDocument } from '../../../core/import/import-document.ts';
import { shellCommand } from '../../../core/import/scripts.ts';
import { base64Of, bytesOf, contentOf, readBytes, specName } from '../../../core/import/texts.ts';
import { fieldPathText } from '../../../core/spec/field-path.ts';
import { testHash, testSettings } from './samples.ts';

const read = (kind: ImportKind, document: unknown): Import => importDocument(kind, document, testSettings);
const fates = ({ findings }: Import) =>
  Object.fromEntries(findings.map(({ path, fate, to }) => [fieldPathText(path), [fate, ...to].join(' ')]));

it.each([
  [1_048_576, 1_048_576],
  ['1048576', 1_048_576],
  ['10 GiB', 10 * 1_024 ** 3],
  ['1 GB', 1_000_000_000],
  ['2G', 2 * 1_024 ** 3],
  ['1.5 MiB', 1_572_864],
  ['512k', 524_288],
  ['0', undefined],
  ['-1 GiB', undefined],
  ['1 parsec', undefined],
  ['1e9', undefined],
  [Number.NaN, undefined],
  [true, undefined],
  [{}, undefined],
])('reads the size %j as %j bytes', (value, bytes) => expect(readBytes(value)).toBe(bytes));

it.each([
  ['ALL=(ALL) NOPASSWD:ALL', { passwordless: true }],
  ['ALL=(ALL:ALL) ALL', { passwordless: false }],
  ['ALL = ( ALL ) PASSWD: ALL', { passwordless: false }],
  [
    'ALL=(ALL) NOPASSWD: /usr/bin/id, /usr/bin/systemctl restart x',
    { passwordless: true, commands: ['/usr/bin/id', '/usr/bin/systemctl restart x'] },
  ],
  ['ALL=(postgres) ALL', undefined],
  ['host=(ALL) ALL', undefined],
  ['ALL=(ALL) NOPASSWD: /usr/bin/*', undefined],
  ['ALL=(ALL) !/bin/su', undefined],
  ['', undefined],
])('reads the rule of sudo %j', (line, rule) => expect(readSudoRule(line)).toEqual(rule));

it.each([
  ['My Web Server', 'my-web-server'],
  ['--a--', 'a'],
  ['Ünïcödé', 'u-ni-co-de'],
  ['x'.repeat(70), 'x'.repeat(63)],
  ['日本', undefined],
])('makes a name of a spec of %j', (given, name) => expect(specName(given)).toBe(name));

it('quotes arguments as a shell takes them', () => {
  expect(shellCommand(['echo', "it's", '', '$HOME `id`', 'a\nb', '/x=1'])).toBe(
    "echo 'it'\\''s' '' '$HOME `id`' 'a\nb' /x=1",
  );
});

it('decodes base64 as text where it is some', () => {
  expect(contentOf(bytesOf('SGVs\n bG8=') ?? new Uint8Array())).toEqual({ field: 'content', value: 'Hello' });
  expect(contentOf(Uint8Array.of(0xff, 0))).toEqual({ field: 'base64', value: '/wA=' });
  expect(bytesOf('AAAAA')).toBeUndefined();
  expect(bytesOf('A*==')).toBeUndefined();
  expect(base64Of(Uint8Array.of(0, 1, 2))).toBe('AAEC');
});

it('never tells a password, whatever becomes of it', () => {
  const secrets = ['s3cret-plain', '$1$s3cret$hash', `${'s3cret'.repeat(20)}`, 's3cret\u0000nul'];
  const users = secrets.map((password, index) => ({ name: `user-${index}`, password }));
  const blueprint = read('blueprint', { name: 'x', customizations: { user: users } });
  const cloud = read('cloud-init', {
    users: secrets.map((passwd, index) => ({ name: `user-${index}`, plain_text_passwd: passwd, passwd })),
    chpasswd: {
      list: secrets.map((secret, index) => `user-${index}:${secret}`).join('\n'),
      users: [{ name: 's', password: 's3cret' }],
    },
    password: 's3cret',
  });
  const mkosi = read('mkosi', { Content: { RootPassword: ['s3cret'] } });
  for (const { findings, assumed, spec } of [blueprint, cloud, mkosi]) {
    expect(JSON.stringify([findings.map(({ note, to }) => [note, to]), assumed, spec])).not.toContain('s3cret');
  }
  expect(blueprint.spec).toMatchObject({ users: [{ name: 'user-0', passwordHash: testHash }, {}, {}, {}] });
});

it('takes what is asked for beside the document', () => {
  const base = (more: object) =>
    importDocument(
      'mkosi',
      { Distribution: { Distribution: ['debian'], Release: ['bookworm'] } },
      { ...testSettings, ...more },
    );
  expect(base({}).spec.base).toEqual({ distribution: 'debian', release: 'bookworm', architecture: 'amd64' });
  const other = base({ release: 'noble', architecture: 'arm64' });
  expect(other.spec.base).toEqual({ distribution: 'ubuntu', release: 'noble', architecture: 'arm64' });
  expect(fates(other)).toEqual({
    'Distribution.Distribution[0]': 'changed base.distribution',
    'Distribution.Release[0]': 'changed base.release',
  });
  const numbered = read('mkosi', { Distribution: { Distribution: ['ubuntu'], Release: ['22.04'] } });
  expect(numbered.spec.base).toMatchObject({ distribution: 'ubuntu', release: 'jammy' });
  const foreign = read('mkosi', { Distribution: { Distribution: ['ubuntu'], Release: ['trixie'] } });
  expect(foreign.spec.base).toMatchObject({ distribution: 'ubuntu', release: 'noble' });
});

it('keeps firewalld out where `firewall` does what it did, and lets in what it does by itself', () => {
  const imported = read('blueprint', {
    packages: [{ name: 'firewalld' }],
    customizations: { firewall: { ports: ['443:tcp'] }, services: { enabled: ['firewalld'] } },
  });
  expect(imported.spec).not.toHaveProperty('packages');
  expect(imported.spec.firewall).toEqual({
    default: 'deny',
    allow: [
      { port: '443', protocol: 'tcp' },
      { port: '22', protocol: 'tcp' },
      { port: '546', protocol: 'udp', sources: ['fe80::/64'] },
    ],
  });
  expect(read('blueprint', { packages: [{ name: 'firewalld' }] }).spec).toMatchObject({
    packages: { install: ['firewalld'] },
  });
});

it('makes the default user of cloud-init where keys or passwords are for it, and only there', () => {
  expect(read('cloud-init', { hostname: 'a' }).spec).not.toHaveProperty('users');
  expect(read('cloud-init', { users: ['default'] }).spec.users).toEqual([
    { name: 'debian', sudo: { passwordless: true } },
  ]);
  expect(read('cloud-init', { user: 'me', password: 'x' }).spec.users).toEqual([
    { name: 'me', sudo: { passwordless: true }, passwordHash: testHash, mustChangePassword: true },
  ]);
  const none = read('cloud-init', { users: [], password: 'x' });
  expect([none.spec.users, fates(none)]).toEqual([undefined, { users: 'taken', password: 'dropped' }]);
});

it('locks a password as cloud-init does, and opens it where chpasswd sets one', () => {
  const user = { name: 'a', passwd: testHash };
  expect(read('cloud-init', { users: [user] }).spec.users).toEqual([
    { ...{ name: 'a', passwordHash: testHash }, locked: true },
  ]);
  expect(read('cloud-init', { users: [{ ...user, lock_passwd: false }] }).spec.users).toEqual([
    { name: 'a', passwordHash: testHash },
  ]);
  const again = { users: [user], chpasswd: { expire: false, users: [{ name: 'a', password: 'x', type: 'text' }] } };
  expect(read('cloud-init', again).spec.users).toEqual([{ name: 'a', passwordHash: testHash, locked: false }]);
});

it('takes one value where two of a document say the same field, and says so of the other', () => {
  const imported = read('cloud-init', {
    users: [
      { name: 'a', shell: '/bin/sh' },
      { name: 'a', shell: '/bin/bash' },
    ],
  });
  expect(imported.spec.users).toEqual([{ name: 'a', shell: '/bin/bash' }]);
  expect(fates(imported)).toMatchObject({ 'users[0].shell': 'dropped', 'users[1].shell': 'taken users[0].shell' });
});

it.each([
  ['Sommer2026abc', { passwordHash: testHash }],
  ['!Winter2026', { passwordHash: testHash }],
  ['$ecret', { passwordHash: testHash }],
  [`!${testHash}`, { passwordHash: testHash, locked: true }],
  ['!', { locked: true }],
  ['*', { locked: true }],
])('takes the password %j of a blueprint for what it is', (password, wanted) => {
  const { spec } = read('blueprint', { name: 'x', customizations: { user: [{ name: 'ada', password }] } });
  expect(spec.users).toEqual([expect.objectContaining({ name: 'ada', ...wanted })]);
  expect(JSON.stringify(spec).includes(password) && password !== '!' && password !== '*').toBe(false);
});

it('parts owner and group of a file at the colon alone, as cloud-init does', () => {
  const write_files = [{ path: '/etc/x', content: 'x', owner: 'web.admin:www' }];
  const { spec } = read('cloud-init', { write_files });
  expect(spec.files).toEqual([expect.objectContaining({ group: 'www' })]);
  expect(JSON.stringify(spec.files)).not.toContain('"admin"');
});

it('reads values of a hundred thousand characters in no time', () => {
  const began = performance.now();
  readSudoRule(`ALL=(ALL) ALL${' '.repeat(100_000)}x`);
  readSudoRule(`ALL=${' '.repeat(100_000)}`);
  read('blueprint', { name: 'x', customizations: { user: [{ name: 'ada', home: `/a${'/'.repeat(100_000)}b` }] } });
  expect(performance.now() - began).toBeLessThan(1_000);
});
