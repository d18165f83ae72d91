import type { Change } from './change-tree.ts';
import type { Expected, Reason, Variant } from './comparison.ts';

const main = 'etc/ssh/sshd_config';
const include = 'Include /etc/ssh/sshd_config.d/*.conf\n';
const dropIn = (text: string, name = '10-site'): Change => ({ [`etc/ssh/sshd_config.d/${name}.conf`]: text });
const file = (text: string): Change => ({ [main]: include + text });

const oursPasses = (why: Reason): Expected => ({ ours: 'pass', theirs: 'fail', why });
const oursFails = (why: Reason): Expected => ({ ours: 'fail', theirs: 'pass', why });

type Case = readonly [name: string, change: Change, expected: Expected, connection?: string];

const variants = (check: string, definition: string, over: Change, cases: readonly Case[]): Variant[] =>
  cases.map(([name, change, expected, connection]) => ({
    name,
    change: { ...over, ...change },
    rows: [{ check, definitions: [definition], expected }],
    ...(connection === undefined ? {} : { connection }),
  }));

const fromRoot = 'user=root,host=client.example.org,addr=192.0.2.7';
const keysAlone = 'PasswordAuthentication no\nKbdInteractiveAuthentication no\n';
const texts: Change = { 'etc/issue': 'Authorised use only.\n', 'etc/issue.net': 'Authorised use only.\n' };

export const sshdVariants: readonly Variant[] = [
  ...variants('ssh-root-login', 'sshd_disable_root_login', {}, [
    ['as it was built', {}, 'fail'],
    ['no', file('PermitRootLogin no\n'), 'pass'],
    ['yes', file('PermitRootLogin yes\n'), 'fail'],
    ['keys alone', file('PermitRootLogin prohibit-password\n'), 'fail'],
    ['no, commented', file('#PermitRootLogin no\n'), 'fail'],
    ['no, and a comment', file('  permitrootlogin no # never\n'), 'pass'],
    ['no in a drop-in', dropIn('PermitRootLogin no\n'), oursPasses('drop-ins')],
    [
      'yes in a drop-in, then no',
      { ...file('PermitRootLogin no\n'), ...dropIn('PermitRootLogin yes\n') },
      oursFails('drop-ins'),
    ],
    [
      'no, then yes in a drop-in',
      { [main]: `PermitRootLogin no\n${include}`, ...dropIn('PermitRootLogin yes\n') },
      'pass',
    ],
    ['no in a drop-in that is not included', { [main]: 'UsePAM yes\n', ...dropIn('PermitRootLogin no\n') }, 'fail'],
    [
      'no in an earlier drop-in than yes',
      { ...dropIn('PermitRootLogin no\n', '05-a'), ...dropIn('PermitRootLogin yes\n') },
      oursPasses('drop-ins'),
    ],
    ['no, then yes', file('PermitRootLogin no\nPermitRootLogin yes\n'), oursPasses('first-value')],
    ['yes, then no', file('PermitRootLogin yes\nPermitRootLogin no\n'), 'fail'],
    ['no in a Match alone', file('Match Address 192.0.2.0/24\n  PermitRootLogin no\n'), oursFails('match-alone')],
    [
      'no, and yes in a Match',
      file('PermitRootLogin no\nMatch Address 192.0.2.0/24\n  PermitRootLogin yes\n'),
      'fail',
      fromRoot,
    ],
    [
      'no in a drop-in, and yes in a Match there',
      { ...file('PermitRootLogin no\n'), ...dropIn('PermitRootLogin no\nMatch User root\nPermitRootLogin yes\n') },
      oursFails('drop-ins'),
      fromRoot,
    ],
    ['no, and yes for Match all', file('PermitRootLogin no\nMatch all\nPermitRootLogin yes\n'), 'fail'],
    [
      'yes, and no for Match all',
      file('PermitRootLogin yes\nMatch all\nPermitRootLogin no\n'),
      oursPasses('match-all'),
    ],
    ['no with an equals sign', file('PermitRootLogin=no\n'), oursPasses('spelling')],
    ['no in quotes', file('PermitRootLogin "no"\n'), oursPasses('spelling')],
    ['no in capitals', file('PermitRootLogin NO\n'), oursPasses('spelling')],
    [
      'yes on the command line',
      { ...file('PermitRootLogin no\n'), 'etc/default/ssh': 'SSHD_OPTS="-o PermitRootLogin=yes"\n' },
      oursFails('command-line'),
    ],
  ]),
  ...variants('ssh-empty-passwords', 'sshd_disable_empty_passwords', {}, [
    ['as it was built', {}, oursPasses('default')],
    ['no', file('PermitEmptyPasswords no\n'), 'pass'],
    ['yes', file('PermitEmptyPasswords yes\n'), 'fail'],
    [
      'yes in a drop-in, then no',
      { ...file('PermitEmptyPasswords no\n'), ...dropIn('PermitEmptyPasswords yes\n') },
      oursFails('drop-ins'),
    ],
    [
      'no, and yes in a Match',
      file('PermitEmptyPasswords no\nMatch User root\nPermitEmptyPasswords yes\n'),
      'fail',
      fromRoot,
    ],
  ]),
  ...variants('ssh-key-only', 'sshd_enable_pubkey_auth', {}, [
    ['yes', file(`${keysAlone}PubkeyAuthentication yes\n`), 'pass'],
    ['no', file(`${keysAlone}PubkeyAuthentication no\n`), 'fail'],
    ['not set', file(keysAlone), oursPasses('default')],
    [
      'no in a drop-in, then yes',
      { ...file(`${keysAlone}PubkeyAuthentication yes\n`), ...dropIn('PubkeyAuthentication no\n') },
      oursFails('drop-ins'),
    ],
  ]),
  ...variants('ssh-idle', 'sshd_set_idle_timeout', {}, [
    ['as it was built', {}, 'fail'],
    ['300 seconds, three times', file('ClientAliveInterval 300\nClientAliveCountMax 3\n'), 'pass'],
    ['an hour, three times', file('ClientAliveInterval 3600\nClientAliveCountMax 3\n'), 'fail'],
    ['in a drop-in', dropIn('ClientAliveInterval 300\nClientAliveCountMax 3\n'), oursPasses('drop-ins')],
    [
      'never in a drop-in, then three times',
      { ...file('ClientAliveInterval 300\nClientAliveCountMax 3\n'), ...dropIn('ClientAliveInterval 0\n') },
      oursFails('drop-ins'),
    ],
    ['300 seconds, the count not set', file('ClientAliveInterval 300\n'), oursPasses('default')],
    ['5 minutes', file('ClientAliveInterval 5m\nClientAliveCountMax 3\n'), oursPasses('time-format')],
    ['900 seconds, once', file('ClientAliveInterval 900\nClientAliveCountMax 1\n'), oursPasses('product')],
    ['a count of none', file('ClientAliveInterval 300\nClientAliveCountMax 0\n'), 'fail'],
  ]),
  ...variants('ssh-idle', 'sshd_set_keepalive_0', {}, [
    ['a count of none', file('ClientAliveInterval 300\nClientAliveCountMax 0\n'), oursFails('count-of-none')],
  ]),
  ...variants('login-banner', 'sshd_enable_warning_banner_net', texts, [
    ['not set', {}, 'fail'],
    ['a file', file('Banner /etc/issue.net\n'), 'pass'],
    ['none', file('Banner none\n'), 'fail'],
    ['in a drop-in', dropIn('Banner /etc/issue.net\n'), oursPasses('drop-ins')],
    [
      'none in a drop-in, then a file',
      { ...file('Banner /etc/issue.net\n'), ...dropIn('Banner none\n') },
      oursFails('drop-ins'),
    ],
    ['a file, and none in a Match', file('Banner /etc/issue.net\nMatch User root\nBanner none\n'), 'fail', fromRoot],
  ]),
];

/** Whether a check of sshd has to pass, by what the daemon itself says of its settings. */
export const daemonIsGood: Readonly<Record<string, (settings: ReadonlyMap<string, string>) => boolean>> = {
  'ssh-root-login': (settings) => settings.get('permitrootlogin') === 'no',
  'ssh-empty-passwords': (settings) => settings.get('permitemptypasswords') === 'no',
  'ssh-key-only': (settings) =>
    settings.get('passwordauthentication') === 'no' &&
    settings.get('kbdinteractiveauthentication') === 'no' &&
    settings.get('pubkeyauthentication') === 'yes',
  'ssh-idle': (settings) => {
    const seconds = Number(settings.get('clientaliveinterval')) * Number(settings.get('clientalivecountmax'));
    return seconds >= 1 && seconds <= 900;
  },
  'login-banner': (settings) => settings.get('banner') !== 'none',
};
