import { describe, expect, it } from 'vitest';
import { readSshd } from '../../../core/compliance/readers/sshd.ts';
import { shown, wrongValues } from '../../../core/compliance/sshd-values.ts';
import { treeOf } from './tree-of.ts';

const config = 'etc/ssh/sshd_config';
const read = (text: string, more: Record<string, string> = {}) => readSshd(treeOf({ [config]: text, ...more }));
const valuesOf = (text: string, more: Record<string, string> = {}) =>
  Object.fromEntries([...read(text, more).global].map(([name, { value }]) => [name, value]));

describe('a line', () => {
  it.each([
    ['Port 22', { port: '22' }],
    ['  Port\t22  ', { port: '22' }],
    ['Port=22', { port: '22' }],
    ['Port = 22', { port: '22' }],
    ['"Port" 22', { port: '22' }],
    ['"Port 22', {}],
    ['"Port"x 22', {}],
    ['# Port 22', {}],
    ['', {}],
    ['Port 22 # why', { port: '22' }],
    ['Port 2#2', { port: '2#2' }],
    ['Banner "#1 text"', { banner: '#1 text' }],
    ['Banner "a  b"', { banner: 'a  b' }],
    ['Banner \'a "b"\'', { banner: 'a "b"' }],
    ['Banner a"b c"d', { banner: 'ab cd' }],
    ['Banner a\\ b', { banner: 'a b' }],
    ['Banner "a\\ b"', { banner: 'a\\ b' }],
    ['Banner "a\\"b"', { banner: 'a"b' }],
    ['Banner a\\\\b', { banner: 'a\\b' }],
    ['Banner a\\nb', { banner: 'a\\nb' }],
    ['Banner \\"a', { banner: '"a' }],
    ['Banner a\\', { banner: 'a\\' }],
    ['Banner ""', { banner: '' }],
    ['AllowUsers  a\t b', { allowusers: 'a b' }],
    ['Port', { port: '' }],
  ] as const)('%j', (line, values) => expect(valuesOf(line)).toEqual(values));

  it('of a keyword counts first, by its name or an old one of it', () => {
    expect(valuesOf('Port 1\nPORT 2\nport 3')).toEqual({ port: '1' });
    expect(valuesOf('ChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes')).toEqual({
      kbdinteractiveauthentication: 'no',
    });
    expect(valuesOf('SkeyAuthentication no')).toEqual({ kbdinteractiveauthentication: 'no' });
    expect(read('\nPort 1').global.get('port')?.place).toContain(`${config}:2`);
  });
});

describe('a Match', () => {
  const matchedOf = (text: string, more: Record<string, string> = {}) =>
    read(text, more).matched.map(({ keyword, value, match }) => [keyword, value, match]);

  it('has values of its own until the next one', () => {
    const text = 'X11Forwarding no\nMatch User  a\nX11Forwarding yes\nMatch Address 10.0.0.0/8,::1\nPort 2\n';
    expect(matchedOf(text)).toEqual([
      ['x11forwarding', 'yes', 'User a'],
      ['port', '2', 'Address 10.0.0.0/8,::1'],
    ]);
    expect(valuesOf(text)).toEqual({ x11forwarding: 'no' });
    expect(read('Port 1').matched).toEqual([]);
  });

  it('that is for all holds in place of what stands outside, and of blocks after it', () => {
    const text = 'Port 1\nMatch ALL\nPort 2\nMatch User a\nPort 3\nBanner x\n';
    expect(valuesOf(text)).toEqual({ port: '2' });
    expect(matchedOf(text)).toEqual([['banner', 'x', 'User a']]);
  });

  it('for all inside a file that a block takes in is that block’s', () => {
    const text = 'Match User a\nInclude inner.conf\n';
    const more = { 'etc/ssh/inner.conf': 'Match all\nPort 3\n' };
    expect(matchedOf(text, more)).toEqual([['port', '3', 'User a']]);
    expect(valuesOf(text, more)).toEqual({});
  });

  it('ends with its file', () => {
    const more = { 'etc/ssh/inner.conf': 'Match User a\nPort 3\n' };
    expect(valuesOf('Include inner.conf\nPort 4\n', more)).toEqual({ port: '4' });
  });
});

describe('an Include', () => {
  const more = {
    'etc/ssh/d/b.conf': 'Port 2',
    'etc/ssh/d/a.conf': 'Port 1',
    'etc/ssh/d/.hidden.conf': 'Port 0',
    'etc/ssh/d/a.confx': 'Port 9',
    'etc/ssh/d/axconf': 'Port 9',
    'etc/ssh/d/[x].conf': 'Port 7',
    'srv/c': 'Port 3',
  };
  it.each([
    ['Include d/*.conf', '7'],
    ['Include /etc/ssh/d/?.conf', '1'],
    ['Include d/.*.conf', '0'],
    ['Include d/b.conf d/a.conf', '2'],
    ['Include /srv/c', '3'],
    ['Include d/*dden.conf', undefined],
    ['Include none/*.conf', undefined],
    ['Include none', undefined],
    ['Include d', undefined],
  ])('%j takes in %j', (line, port) => expect(valuesOf(line, more).port).toBe(port));

  it('stands where it stands', () => {
    expect(valuesOf('Port 5\nInclude d/a.conf', more)).toEqual({ port: '5' });
    expect(valuesOf('Include d/a.conf\nPort 5', more)).toEqual({ port: '1' });
    expect(read('Include d/a.conf', more).global.get('port')?.place).toContain('etc/ssh/d/a.conf:1');
  });

  it('goes as deep as sshd goes, and no deeper', () => {
    const chain = (deep: number) =>
      Object.fromEntries(
        Array.from({ length: deep }, (_, at) => [
          `etc/ssh/i${at + 1}`,
          at + 1 === deep ? 'Port 7' : `Include i${at + 2}`,
        ]),
      );
    expect(valuesOf('Include i1', chain(16))).toEqual({ port: '7' });
    expect(valuesOf('Include i1', chain(17))).toEqual({});
  });

  it('takes in a bounded number of files', () => {
    const many = (count: number) => ({
      ...Object.fromEntries(Array.from({ length: count }, (_, at) => [`etc/ssh/m/${String(at).padStart(3, '0')}`, ''])),
      'etc/ssh/m/zzz': 'Port 7',
    });
    expect(valuesOf('Include m/*', many(198))).toEqual({ port: '7' });
    expect(valuesOf('Include m/*', many(199))).toEqual({});
    expect(valuesOf('Include self\nPort 1', { 'etc/ssh/self': 'Include self self\nPort 2' })).toEqual({ port: '2' });
  });
});

describe('options of the unit’s command line', () => {
  it.each([
    ['SSHD_OPTS=-oPort=1', '1'],
    ['SSHD_OPTS="-o Port=1"', '1'],
    [' SSHD_OPTS=\'-D -o "Port 1"\'', '1'],
    ['SSHD_OPTS="-D -o   Port=12345"', '12345'],
    ['#SSHD_OPTS=-oPort=1', '2'],
    ['export XSSHD_OPTS=-oPort=1', '2'],
    ['SSHD_OPTS=-D', '2'],
    ['SSHD_OPTS=', '2'],
  ])('%j', (line, port) => {
    expect(valuesOf('Port 2', { 'etc/default/ssh': `# first\n${line}\n` }).port).toBe(port);
  });

  it('are told with their line', () => {
    const { global } = read('', { 'etc/default/ssh': '\nSSHD_OPTS="-oPort=1 -oBanner=none"\n' });
    expect(global.get('port')?.place).toContain('etc/default/ssh:2');
    expect(global.get('banner')?.value).toBe('none');
  });
});

it('wrong values are of the keyword alone, for all and in each block', () => {
  const sshd = read('Port 1\nMatch User a\nPort 2\nBanner 1\nMatch User b\nPort 3\n');
  const wrong = wrongValues(sshd, 'Port', '22', (value) => value === '2');
  expect(wrong).toHaveLength(2);
  expect(wrong[0]).toContain('1');
  expect(wrong[1]).toContain('Port 3, where Match User b');
  expect(wrongValues(sshd, 'MaxTries', '6', (value) => value === '6')).toEqual([]);
  expect(wrongValues(sshd, 'MaxTries', '6', () => false)).toHaveLength(1);
  expect(shown(sshd, 'Port', '22')).toContain('1');
  expect(shown(sshd, 'MaxTries', '6')).toContain('sshd takes 6');
});
