import { goodTree } from '../good-tree.ts';
import { casesOf } from './case.ts';

const text = (path: string): string => {
  const node = goodTree[path];
  return typeof node === 'string' ? node : (node?.text ?? '');
};
const passwd = text('etc/passwd');
const shadow = text('etc/shadow');
const withShadow = (content: string) => ({ 'etc/shadow': { text: content, mode: 0o640, gid: 42 } });
const ops = (hash: string, days = '90') => withShadow(shadow.replace(/^ops:.*$/m, `ops:${hash}:20000:0:${days}:7:::`));
/** crypt(3) of "debian". */
const debian = '$6$saltsalt$CFJE.1JeH61pSmTnYJBbpGSu/ceC738N42ACX0uYpBcn67czQ6bwbctRZ3mGp4MarXUnLD6p0zQidguPdSyAc0';

export const accountCases = [
  ...casesOf('accounts-unique', [
    [
      'a second root',
      'fail',
      { tree: { 'etc/passwd': `${passwd}toor:x:0:0::/root:/bin/sh\n` }, evidence: /toor has uid 0/ },
    ],
    [
      'a number twice',
      'fail',
      { tree: { 'etc/passwd': `${passwd}other:x:1000:1000::/home/other:/bin/sh\n` }, evidence: /uid 1000/ },
    ],
    [
      'a name twice',
      'fail',
      { tree: { 'etc/passwd': `${passwd}ops:x:1001:1000::/home/ops:/bin/sh\n` }, evidence: /account ops/ },
    ],
    ['a group twice', 'fail', { tree: { 'etc/group': `${text('etc/group')}other:x:42:\n` }, evidence: /group 42/ }],
    ['a comment in passwd', 'pass', { tree: { 'etc/passwd': `${passwd}#toor:x:0:0::/root:/bin/sh\n` } }],
  ]),
  ...casesOf('accounts-named', [
    ['nobody logs in', 'manual', { spec: { users: [] } }],
    ['the one account is locked', 'manual', { spec: { users: [{ name: 'ops' }] } }],
    ['a password', 'pass', { spec: { users: [{ name: 'ops', passwordHash: debian }] }, evidence: /users\[0\] ops/ }],
  ]),
  ...casesOf('passwords-not-empty', [
    ['an empty hash', 'fail', { tree: ops(''), evidence: /ops has an empty password/ }],
    [
      'no entry in shadow',
      'fail',
      { tree: withShadow(shadow.replace(/^ops:.*\n/m, '')), evidence: /ops has no entry/ },
    ],
    ['an empty field in passwd', 'fail', { tree: { 'etc/passwd': passwd.replace('ops:x:', 'ops::') } }],
    ['the hash in passwd', 'pass', { tree: { 'etc/passwd': passwd.replace('ops:x:', 'ops:*:') } }],
    ['a lock before nothing', 'pass', { tree: ops('!') }],
  ]),
  ...casesOf('root-locked', [
    ['a hash', 'fail', { tree: withShadow(shadow.replace('root:!*:', `root:${debian}:`)) }],
    ['a lock before a hash', 'pass', { tree: withShadow(shadow.replace('root:!*:', `root:!${debian}:`)) }],
    ['an empty hash', 'fail', { tree: withShadow(shadow.replace('root:!*:', 'root::')) }],
    ['no root', 'fail', { tree: { 'etc/passwd': passwd.replace(/^root:.*\n/, '') } }],
  ]),
  ...casesOf('system-accounts-without-shell', [
    [
      'a shell',
      'fail',
      {
        tree: { 'etc/passwd': passwd.replace('/usr/sbin:/usr/sbin/nologin', '/usr/sbin:/bin/sh') },
        evidence: /daemon has the shell \/bin\/sh/,
      },
    ],
    [
      'no shell is /bin/sh',
      'fail',
      { tree: { 'etc/passwd': passwd.replace('/usr/sbin:/usr/sbin/nologin', '/usr/sbin:') } },
    ],
    [
      'a password',
      'fail',
      { tree: withShadow(shadow.replace('daemon:*:', `daemon:${debian}:`)), evidence: /a password opens daemon/ },
    ],
    [
      'false',
      'pass',
      { tree: { 'etc/passwd': passwd.replace('/usr/sbin:/usr/sbin/nologin', '/usr/sbin:/bin/false') } },
    ],
  ]),
  ...casesOf('default-credentials', [
    ['a word that everybody tries', 'fail', { tree: ops(debian), evidence: /ops is a well-known one/ }],
    ['the same behind a lock', 'fail', { tree: ops(`!${debian}`) }],
    ['a hash that costs too much', 'manual', { tree: ops(debian.replace('$6$', '$6$rounds=9999999$')) }],
    [
      'another password',
      'pass',
      { tree: ops(debian.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'))), evidence: /1 passwords/ },
    ],
  ]),
  ...casesOf('password-hashing', [
    ['MD5', 'fail', { tree: ops('$1$saltsalt$FgmVpYvBpSsJQxKsJQxKs/'), evidence: /md5crypt/ }],
    ['DES', 'fail', { tree: ops('abJnggxhB/yWI'), evidence: /descrypt/ }],
    [
      'a commented method',
      'fail',
      { tree: { 'etc/login.defs': '#ENCRYPT_METHOD YESCRYPT\n' }, evidence: /ENCRYPT_METHOD is not set/ },
    ],
    [
      'the last method counts',
      'fail',
      { tree: { 'etc/login.defs': 'ENCRYPT_METHOD YESCRYPT\nENCRYPT_METHOD DES\n' }, evidence: /login\.defs:2/ },
    ],
    [
      'pam_unix with md5',
      'fail',
      { tree: { 'etc/pam.d/common-password': 'password required pam_unix.so md5\n' }, evidence: /hashes with md5/ },
    ],
    ['SHA-512', 'pass', { tree: { ...ops(debian), 'etc/login.defs': 'ENCRYPT_METHOD SHA512\n' } }],
  ]),
  ...casesOf('password-lockout', [
    [
      'no faillock',
      'fail',
      { tree: { 'etc/pam.d/common-auth': 'auth required pam_unix.so\n' }, evidence: /no pam_faillock\.so preauth/ },
    ],
    [
      'a commented line',
      'fail',
      {
        tree: { 'etc/pam.d/common-account': '#account required pam_faillock.so\n' },
        evidence: /common-account has no/,
      },
    ],
    [
      'too many attempts',
      'fail',
      {
        tree: { 'etc/pam.d/common-auth': text('etc/pam.d/common-auth').replaceAll('deny=10', 'deny=11') },
        evidence: /11 attempts/,
      },
    ],
    [
      'too short',
      'fail',
      {
        tree: {
          'etc/pam.d/common-auth': text('etc/pam.d/common-auth').replaceAll('unlock_time=1800', 'unlock_time=600'),
        },
      },
    ],
    [
      'for ever',
      'pass',
      {
        tree: {
          'etc/pam.d/common-auth': text('etc/pam.d/common-auth').replaceAll('unlock_time=1800', 'unlock_time=0'),
        },
      },
    ],
    [
      'by the file',
      'pass',
      {
        tree: {
          'etc/pam.d/common-auth': text('etc/pam.d/common-auth').replaceAll(' deny=10 unlock_time=1800', ''),
          'etc/security/faillock.conf': '# deny = 99\ndeny = 5\nunlock_time = 3600\n',
        },
        evidence: /after 5 attempts/,
      },
    ],
    [
      'arguments go before the file',
      'pass',
      { tree: { 'etc/security/faillock.conf': 'deny = 99\nunlock_time = 1\n' } },
    ],
    [
      'after pam_unix alone',
      'fail',
      {
        tree: { 'etc/pam.d/common-auth': text('etc/pam.d/common-auth').replace(/^(.*preauth.*\n)(.*\n)/, '$2$1') },
        evidence: /not before and after/,
      },
    ],
    ['stricter by tailoring', 'fail', { values: { attempts: 5 } }],
  ]),
  ...casesOf('password-length', [
    ['no pwquality', 'fail', { tree: { 'etc/pam.d/common-password': 'password required pam_unix.so\n' } }],
    [
      'eleven',
      'fail',
      { tree: { 'etc/security/pwquality.conf': 'minlen = 11\nminclass = 2\n' }, evidence: /minlen 11/ },
    ],
    ['commented', 'fail', { tree: { 'etc/security/pwquality.conf': '# minlen = 12\nminclass = 2\n' } }],
    [
      'the file goes before its drop-ins',
      'fail',
      {
        tree: {
          'etc/security/pwquality.conf.d/x.conf': 'minlen = 20\n',
          'etc/security/pwquality.conf': 'minlen = 8\nminclass = 3\n',
        },
      },
    ],
    [
      'a drop-in alone',
      'pass',
      {
        tree: {
          'etc/security/pwquality.conf.d/x.conf': 'minlen = 20\ndcredit = -1\nlcredit = -1\n',
          'etc/security/pwquality.conf': '# nothing\n',
        },
      },
    ],
    [
      'letters alone',
      'fail',
      { tree: { 'etc/security/pwquality.conf': 'minlen = 12\n' }, evidence: /letters and digits/ },
    ],
    [
      'an argument',
      'pass',
      {
        tree: {
          'etc/pam.d/common-password': 'password requisite pam_pwquality.so minlen=14 minclass=3\n',
          'etc/security/pwquality.conf': 'minlen = 6\n',
        },
      },
    ],
  ]),
  ...casesOf('password-history', [
    ['none', 'fail', { tree: { 'etc/pam.d/common-password': 'password required pam_unix.so remember=4\n' } }],
    ['three', 'fail', { tree: { 'etc/pam.d/common-password': 'password required pam_pwhistory.so remember=3\n' } }],
    [
      'by the file',
      'pass',
      {
        tree: {
          'etc/pam.d/common-password': 'password required pam_pwhistory.so\n',
          'etc/security/pwhistory.conf': 'remember = 6\n',
        },
      },
    ],
  ]),
  ...casesOf('password-age', [
    ['Debian’s own', 'fail', { tree: { 'etc/login.defs': 'PASS_MAX_DAYS 99999\n' } }],
    ['an account with a password for ever', 'fail', { tree: ops(debian, ''), evidence: /ops holds for ever/ }],
    ['an account with a password of 90 days', 'pass', { tree: ops(debian, '90') }],
    ['a locked account', 'pass', { tree: ops(`!${debian}`, '99999') }],
  ]),
  ...casesOf('umask', [
    ['022', 'fail', { tree: { 'etc/login.defs': 'UMASK 022\n' } }],
    ['not set', 'fail', { tree: { 'etc/login.defs': '# UMASK 027\n' } }],
    [
      'a shell that opens it again',
      'fail',
      { tree: { 'etc/profile.d/umask.sh': 'umask 022\n' }, evidence: /umask\.sh:1/ },
    ],
    [
      '077',
      'pass',
      { tree: { 'etc/login.defs': 'UMASK 077\n', 'etc/profile.d/umask.sh': '# umask 022\numask 077\n' } },
    ],
  ]),
  ...casesOf('su-restricted', [
    ['commented', 'fail', { tree: { 'etc/pam.d/su': '#auth required pam_wheel.so\n' } }],
    ['sufficient is not required', 'fail', { tree: { 'etc/pam.d/su': 'auth sufficient pam_wheel.so trust\n' } }],
    [
      'in an included file',
      'pass',
      { tree: { 'etc/pam.d/su': '@include wheel\n', 'etc/pam.d/wheel': 'auth requisite pam_wheel.so\n' } },
    ],
    ['no su', 'not_applicable', { tree: { 'etc/pam.d/su': null } }],
  ]),
  ...casesOf('sudo-with-password', [
    [
      'everything',
      'fail',
      { tree: { 'etc/sudoers.d/all': 'ops ALL=(ALL:ALL) NOPASSWD: ALL\n' }, evidence: /sudoers\.d\/all:1/ },
    ],
    ['commented', 'pass', { tree: { 'etc/sudoers.d/all': '# ops ALL=(ALL:ALL) NOPASSWD: ALL\n' } }],
    ['a file that sudo leaves out', 'pass', { tree: { 'etc/sudoers.d/all.bak': 'ops ALL=(ALL) NOPASSWD: ALL\n' } }],
    ['a tag taken back', 'pass', { tree: { 'etc/sudoers.d/all': 'ops ALL=(ALL) NOPASSWD: /bin/id, PASSWD: ALL\n' } }],
    ['a tag that goes on', 'fail', { tree: { 'etc/sudoers.d/all': 'ops ALL=(ALL) NOPASSWD: /bin/id, ALL\n' } }],
    ['over two lines', 'fail', { tree: { 'etc/sudoers.d/all': 'ops ALL=(ALL) \\\n  NOPASSWD: ALL\n' } }],
    ['no authentication at all', 'fail', { tree: { 'etc/sudoers.d/x': 'Defaults:ops !authenticate\n' } }],
    ['by number', 'fail', { tree: { 'etc/sudoers.d/x': '#1000 ALL=(ALL) NOPASSWD:ALL\n' } }],
    ['no sudo', 'not_applicable', { tree: { 'etc/sudoers': null } }],
  ]),
  ...casesOf('session-timeout', [
    ['none', 'fail', { tree: { 'etc/profile.d/timeout.sh': null } }],
    ['commented', 'fail', { tree: { 'etc/profile.d/timeout.sh': '# readonly TMOUT=900\n' } }],
    ['too long', 'fail', { tree: { 'etc/profile.d/timeout.sh': 'readonly TMOUT=3600\n' } }],
    [
      'that everybody changes',
      'fail',
      { tree: { 'etc/profile.d/timeout.sh': 'TMOUT=600\nexport TMOUT\n' }, evidence: /not readonly/ },
    ],
    ['in two lines', 'pass', { tree: { 'etc/profile.d/timeout.sh': 'TMOUT=600\nreadonly TMOUT\n' } }],
    [
      'declare -rx',
      'pass',
      { tree: { 'etc/profile.d/timeout.sh': null, 'etc/bash.bashrc': 'declare -xr TMOUT=300\n' } },
    ],
    ['a value after readonly counts not', 'pass', { tree: { 'etc/profile.d/zz.sh': 'TMOUT=99999\n' } }],
    [
      'a file that is no script',
      'fail',
      { tree: { 'etc/profile.d/timeout.sh': null, 'etc/profile.d/timeout': 'readonly TMOUT=900\n' } },
    ],
  ]),
];
