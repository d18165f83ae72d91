import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwordHashes, publicKeys } from '../core/spec/sample-spec.ts';
import { askDisk, buildDisk } from '../support/built-disk.ts';

const passwordHash = passwordHashes.yescrypt;
const attempts = '/srv/attempts';

/** A disk with an account of each kind, folders, removals, a pin, a hold, and scripts of which one fails at first. */
const spec = {
  schemaVersion: 1 as const,
  name: 'first',
  base: { distribution: 'debian' as const, release: 'trixie' as const, architecture: 'amd64' as const },
  packages: {
    install: ['curl'],
    pins: [{ package: 'curl', version: '8.*', priority: 1_001 }],
    hold: ['curl'],
  },
  users: [
    { name: 'ops', passwordHash, groups: ['systemd-journal'], sudo: { passwordless: true } },
    {
      name: 'dev',
      sudo: { passwordless: true, commands: ['/usr/bin/id ""', '/usr/bin/printf a:b,c=d', '/usr/bin/cat'] },
    },
    { name: 'asked', passwordHash, sudo: true as const },
    { name: 'fresh', passwordHash, mustChangePassword: true },
    { name: 'locked', passwordHash, locked: true },
  ],
  rootAccount: { sshKeys: [publicKeys.ed25519], passwordHash, locked: true },
  directories: [
    { path: '/srv/data', mode: '2770', group: 'ops' },
    { path: '/var/backups', mode: '0700', owner: 'ops' },
  ],
  files: [{ path: '/srv/data/bytes', base64: '/wAKgA==' }],
  remove: [{ path: '/usr/share/doc' }, { path: '/etc/issue.net' }, { path: '/srv/none', ifPresent: true }],
  firstBoot: [
    { name: 'hello', run: `echo hello >> ${attempts}` },
    { name: 'shaky', run: 'exit 3', ignoreFailure: true },
    { name: 'again', run: `echo again >> ${attempts}; [ -e /srv/seen ] || { touch /srv/seen; exit 7; }` },
    { name: 'last', run: `#!/bin/bash\necho "last $HOME" >> ${attempts}` },
  ],
  // The kernel's warnings of a slow machine would stand among the answers of commands.
  kernel: { cmdline: ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'] },
  outputs: [{ type: 'raw' as const }],
};

const state = '/var/lib/lbuild/first-boot';
const accounts = {
  'sudo -n visudo -c >&2; echo $?': /parsed OK[\s\S]*lbuild-asked: parsed OK[\s\S]*^0$/m,
  'sudo -n id -un': /^root$/,
  'sudo -n -u dev sudo -n /usr/bin/id': /^uid=0\(root\)/,
  'sudo -n -u dev sudo -n /usr/bin/id -u': /password is required|not allowed/,
  'sudo -n -u dev sudo -n /usr/bin/printf a:b,c=d': /^a:b,c=d$/,
  'sudo -n -u dev sudo -n /usr/bin/cat /etc/hostname': /^first$/,
  'sudo -n -u dev sudo -n /bin/sh -c id': /password is required|not allowed/,
  'sudo -n -u asked sudo -n id': /password is required|not allowed/,
  'sudo -n passwd -S locked': /^locked L /,
  'sudo -n passwd -S root': /^root L /,
  'sudo -n passwd -S dev': /^dev L /,
  'sudo -n passwd -S ops': /^ops P /,
  'sudo -n chage -l fresh | head -n 1': /must be changed/,
  'sudo -n cat /root/.ssh/authorized_keys': /^ssh-ed25519 /,
  'sudo -n stat -c %a /etc/sudoers.d/lbuild-ops': /^440$/,
};
const files = {
  'stat -c "%a %U %G" /srv/data': /^2770 root ops$/,
  'sudo -n stat -c "%a %U %G" /var/backups': /^700 ops root$/,
  'od -An -tx1 /srv/data/bytes': /^ff 00 0a 80$/,
  'ls -d /usr/share/doc /etc/issue.net /srv/none 2>&1 | grep -c "No such file"': /^3$/,
};
const packages = {
  'apt-cache policy curl': /Installed: 8\..*\n[\s\S]*\*\*\* 8\.\S+ 1001$/m,
  'dpkg --get-selections curl': /^curl\s+hold$/,
  'cat /etc/apt/preferences.d/lbuild.pref': /^Package: curl\nPin: version 8\.\*\nPin-Priority: 1001$/,
};
const firstTime = {
  'systemctl is-system-running --wait': /^degraded$/,
  'systemctl is-failed lbuild-first-boot': /^failed$/,
  [`cat ${attempts}`]: /^hello\nagain$/,
  [`cd ${state} && tail -n +1 *`]:
    /01-hello <==\nsucceeded\n[\s\S]*02-shaky <==\nignored: failed: exit code 3\n[\s\S]*03-again <==\nfailed: exit code 7$/,
  'journalctl -b -u lbuild-first-boot -o cat': /01-hello: succeeded[\s\S]*03-again: failed: exit code 7/,
  'stat -c %a /usr/lib/lbuild/first-boot/04-last': /^700$/,
};
const secondTime = {
  'systemctl is-system-running --wait': /^running$/,
  'systemctl is-active lbuild-first-boot': /^active$/,
  [`cat ${attempts}`]: /^hello\nagain\nagain\nlast \/root$/,
  [`cat ${state}/done`]: /^all scripts have run$/,
  // It does not start again.
  'sudo -n systemctl restart lbuild-first-boot; systemctl show -p ConditionResult lbuild-first-boot':
    /^ConditionResult=no$/,
  [`wc -l < ${attempts}`]: /^4$/,
};

describe('a posted spec becomes a system with accounts and a first boot', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-first-boot-'));
  let disk = '';

  beforeAll(async () => {
    disk = await buildDisk(spec, 'first.img', folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function boot(checks: Readonly<Record<string, RegExp>>) {
    const machine = { disk, keep: true, firmware: 'bios', hostname: 'first' } as const;
    const { answers } = await askDisk(machine, [...Object.keys(checks), 'sync']);
    for (const [question, answer] of Object.entries(checks)) {
      expect.soft(answers[question], question).toMatch(answer);
    }
  }

  it('in which everything is as the spec says, but for the script that fails', () =>
    boot({ ...firstTime, ...accounts, ...files, ...packages }));

  it('which goes on at the next boot with the script that failed, runs no other again, and is then done', () =>
    boot(secondTime));
});
