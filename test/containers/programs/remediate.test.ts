import { chmod, lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepPrograms } from '../../../containers/builder/programs/registry.ts';
import { withTlsFloor } from '../../../containers/builder/programs/remediation/openssl-text.ts';
import { readProfile, stacks, withProfiles } from '../../../containers/builder/programs/remediation/pam-stacks.ts';
import { withSetting } from '../../../containers/builder/programs/remediation/settings-text.ts';
import { withGroupLine } from '../../../containers/builder/programs/remediation/tree-edits.ts';
import { InspectedTree } from '../../../core/compliance/inspected-tree.ts';
import { minimumTls } from '../../../core/compliance/readers/openssl.ts';
import { runProgram, withBenchFolder } from '../../support/program-bench.ts';
import { plant, smallTree } from './small-tree.ts';

const umask = { form: 'spaced', name: 'UMASK', value: '027', accepts: ['077'] } as const;
const days = { form: 'spaced', name: 'PASS_MAX_DAYS', value: '90', atMost: 90 } as const;
const action = { form: 'equals', name: 'space_left_action', value: 'syslog', accepts: ['email'] } as const;

describe('a setting', () => {
  it.each([
    ['an empty file', umask, '', 'UMASK\t027\n'],
    ['a file without an end of line', umask, 'X 1', 'X 1\nUMASK\t027\n'],
    ['a comment', umask, '#UMASK 077\n', '#UMASK 077\nUMASK\t027\n'],
    ['another value', umask, 'A 1\nUMASK\t\t022\nB 2\n', 'A 1\nUMASK\t027\nB 2\n'],
    ['the last of two', umask, 'UMASK 077\nUMASK 022\n', 'UMASK 077\nUMASK\t027\n'],
    ['a good value', umask, 'UMASK 022\n UMASK   077 \n', 'UMASK 022\n UMASK   077 \n'],
    ['a longer name', umask, 'UMASKED 022\n', 'UMASKED 022\nUMASK\t027\n'],
    ['a flag', umask, 'UMASK\n', 'UMASK\t027\n'],
    ['less days', days, 'PASS_MAX_DAYS 30\n', 'PASS_MAX_DAYS 30\n'],
    ['more days', days, 'PASS_MAX_DAYS 99999\n', 'PASS_MAX_DAYS\t90\n'],
    ['no days', days, 'PASS_MAX_DAYS -1\n', 'PASS_MAX_DAYS\t90\n'],
    ['another case', action, 'Space_Left_Action = EMAIL\n', 'Space_Left_Action = EMAIL\n'],
    ['another case to be changed', action, 'SPACE_LEFT_ACTION=ignore\n', 'space_left_action = syslog\n'],
  ])('in %s', (_, setting, before, after) => expect(withSetting(before, setting)).toBe(after));

  it('is not changed again, whatever the file is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('UMASK 022', 'UMASK', '#x', '', 'UMASK=1', 'A b', ' UMASK 077')),
        (lines) => {
          const once = withSetting(lines.join('\n'), umask);
          expect(withSetting(once, umask)).toBe(once);
        },
      ),
    );
  });
});

const floorOf = (text: string) => {
  const entry = { path: 'etc/ssl/openssl.cnf', type: 'file', mode: 0o644, uid: 0, gid: 0 } as const;
  return minimumTls(new InspectedTree({ entries: [entry], texts: { [entry.path]: text } }))?.value;
};

describe('the least version of TLS', () => {
  it.each([
    ['an empty file', ''],
    ['no way to it', 'openssl_conf = init\n[init]\nproviders = p\n[p]\ndefault = d\n'],
    ['half of the way', 'openssl_conf=init # here\n[ init ]\nssl_conf = ssl\n[ssl]\n'],
    ['a section that is not there', 'openssl_conf = gone\n[other]\nx = 1\n'],
    ['an old version', 'openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nMinProtocol = TLSv1.0\n'],
    ['no version', 'openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nCipherString = DEFAULT\n'],
    ['a section in two parts', 'openssl_conf=a\n[a]\nx=1\n[z]\ny=1\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\n'],
    ['an empty value', 'openssl_conf =\n[x]\n'],
  ])('is found in %s, and is not changed again', (_, before) => {
    const once = withTlsFloor(before, 'TLSv1.2');
    expect(floorOf(once)).toBe('TLSv1.2');
    expect(withTlsFloor(once, 'TLSv1.2')).toBe(once);
  });

  it('stays where it is higher', () => {
    const text = 'openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nMinProtocol = TLSv1.3\n';
    expect(withTlsFloor(text, 'TLSv1.2')).toBe(text);
  });
});

const stack = (...modules: readonly string[]): string =>
  [
    '# before',
    '# here are the per-package modules (the "Primary" block)',
    ...modules,
    "# here's the fallback if no module succeeds",
    'auth\trequisite\t\t\tpam_deny.so',
    '# and here are more per-package modules (the "Additional" block)',
    'auth\toptional\t\t\tpam_cap.so ',
    '# end of pam-auth-update config',
    '',
  ].join('\n');
const profiles = new Map(
  Object.entries({
    unix: 'Name: Unix\nPriority: 256\nAuth-Type: Primary\nAuth:\n\t[success=end default=ignore]\tpam_unix.so nullok try_first_pass\nAuth-Initial:\n\t[success=end default=ignore]\tpam_unix.so nullok\n',
    capability: 'Name: Cap\nPriority: 0\nAuth-Type: Additional\nAuth:\n\toptional\t\t\tpam_cap.so\n',
    first: 'Name: F\nPriority: 2048\nAuth-Type: Primary\nAuth:\n\trequisite\tpam_faillock.so preauth\n',
    last: 'Name: L\nPriority: 0\nAuth-Type: Primary\nAuth-Final:\n\t[default=die]\tpam_faillock.so authfail\n',
  }).map(([name, text]) => [name, readProfile(text)]),
);
const saved =
  'Module: unix\n[success=end default=ignore]\tpam_unix.so nullok\nModule: capability\noptional\t\t\tpam_cap.so\n';

describe('a stack of PAM', () => {
  const [auth] = stacks;

  it('gets profiles by their priorities, with jumps counted anew', () => {
    const text = stack('auth\t[success=1 default=ignore]\tpam_unix.so nullok');
    const made = withProfiles(auth, { text, saved }, ['first', 'last'], profiles);
    expect(made?.text).toBe(
      stack(
        'auth\trequisite\tpam_faillock.so preauth',
        'auth\t[success=2 default=ignore]\tpam_unix.so nullok try_first_pass',
        'auth\t[default=die]\tpam_faillock.so authfail',
      ),
    );
    expect(made?.saved).toBe(
      'Module: first\nrequisite\tpam_faillock.so preauth\n' +
        'Module: unix\n[success=end default=ignore]\tpam_unix.so nullok try_first_pass\n' +
        'Module: last\n[default=die]\tpam_faillock.so authfail\n' +
        'Module: capability\noptional\t\t\tpam_cap.so\n',
    );
    expect(made === undefined ? made : withProfiles(auth, made, ['first', 'last'], profiles)).toEqual(made);
  });

  it.each([
    ['an argument was taken away', stack('auth\t[success=1 default=ignore]\tpam_unix.so')],
    ['a line was added', stack('auth\t[success=1 default=ignore]\tpam_unix.so nullok', 'auth\trequired\tpam_x.so')],
    ['the marks are gone', 'auth\t[success=1 default=ignore]\tpam_unix.so nullok\n'],
  ])('is left where %s', (_, text) => expect(withProfiles(auth, { text, saved }, ['first'], profiles)).toBeUndefined());
});

it.each([
  ['after what lets root through', 'auth sufficient pam_rootok.so\nx\n', 'auth sufficient pam_rootok.so\nLINE\nx\n'],
  ['first where nothing does', 'x\n', 'LINE\nx\n'],
  ['not beside one that is there', 'auth required pam_wheel.so\n', 'auth required pam_wheel.so\n'],
  ['beside one that trusts', 'auth required pam_wheel.so trust\n', 'LINE\nauth required pam_wheel.so trust\n'],
])('a line for members of a group comes %s', (_, before, after) => expect(withGroupLine(before, 'LINE')).toBe(after));

describe('the program', () => {
  const remediate = (
    changes: readonly object[],
    tree: (place: string) => Promise<void>,
    look: (place: string) => Promise<void>,
  ) =>
    withBenchFolder(async (bench) => {
      await plant(bench.tree, smallTree);
      await tree(bench.tree);
      await runProgram(stepPrograms.remediate, { changes }, bench);
      await look(bench.tree);
    });
  const modeOf = async (place: string) => ((await lstat(place)).mode & 0o7777).toString(8);

  it('takes rights from others in the whole tree, and follows no link out of it', () =>
    remediate(
      [{ kind: 'not-for-all' }],
      async (tree) => {
        await mkdir(join(tree, 'srv/sticky'), { recursive: true });
        await writeFile(join(tree, 'srv/file'), '');
        await writeFile(join(tree, '../outside/file'), '');
        for (const name of ['srv/file', '../outside/file']) await chmod(join(tree, name), 0o4666);
        await chmod(join(tree, 'srv'), 0o777);
        await chmod(join(tree, 'srv/sticky'), 0o1777);
        await symlink('../../outside', join(tree, 'srv/link'));
      },
      async (tree) => {
        expect(await modeOf(join(tree, 'srv/file'))).toBe('4664');
        expect(await modeOf(join(tree, 'srv'))).toBe('775');
        expect(await modeOf(join(tree, 'srv/sticky'))).toBe('1777');
        expect(await modeOf(join(tree, '../outside/file'))).toBe('4666');
      },
    ));

  it('writes only where the wanted is there', () =>
    remediate(
      [
        { kind: 'write', path: '/etc/one', text: 'x', mode: 0o600, ifThere: '/etc/passwd' },
        { kind: 'write', path: '/etc/two', text: 'x', mode: 0o600, ifThere: '/etc/none' },
        { kind: 'setting', path: '/etc/none', form: 'spaced', name: 'A', value: 'b' },
      ],
      async () => {},
      async (tree) => {
        expect(await readFile(join(tree, 'etc/one'), 'utf8')).toBe('x');
        expect(await modeOf(join(tree, 'etc/one'))).toBe('600');
        for (const name of ['two', 'none']) await expect(lstat(join(tree, 'etc', name))).rejects.toThrow();
      },
    ));

  it.each([
    ['a path that climbs', { kind: 'write', path: '/etc/../x', text: '', mode: 0o600 }],
    ['a relative path', { kind: 'mode', path: 'etc/x', mode: 0 }],
    ['a line end in a setting', { kind: 'setting', path: '/etc/x', form: 'equals', name: 'a', value: 'b\nc' }],
    ['another kind', { kind: 'run', path: '/etc/x' }],
  ])('refuses %s', (_, change) =>
    expect(stepPrograms.remediate.declaration.options.safeParse({ changes: [change] }).success).toBe(false),
  );
});
