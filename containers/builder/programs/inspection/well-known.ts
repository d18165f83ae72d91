import type { Account } from '../../../../core/plan/programs/inspection.ts';
import type { ExecOptions, ExecResult } from '../../contract.ts';
import type { KnownAccount } from './accounts.ts';

/** Passwords that images are shipped with, and that everybody tries first; the account’s own name is tried too. */
const wellKnown = [
  ...[
    'root',
    'toor',
    'admin',
    'administrator',
    'password',
    'passw0rd',
    'Password1',
    'password123',
    'changeme',
    'default',
  ],
  ...[
    'debian',
    'ubuntu',
    'linux',
    'live',
    'user',
    'test',
    'guest',
    'demo',
    'secret',
    'letmein',
    'welcome',
    'vagrant',
    'raspberry',
  ],
  ...['1234', '12345', '123456', '12345678', '123456789', 'qwerty', 'abc123'],
];

/** Accounts whose hashes are tried: each takes a second or two. */
const mostAccounts = 40;

/** Tries each pair of hash and word of its input with crypt(3), and says for each line whether they fit. */
const script =
  'while (<STDIN>) { chomp; my ($hash, $word) = split /\\t/, $_, 2; my $made = crypt($word, $hash); print defined $made && $made eq $hash ? "1\\n" : "0\\n"; }';

type Exec = (argv: readonly [string, ...string[]], options?: ExecOptions) => Promise<ExecResult>;

/** Which accounts have a well-known password, by position; those whose hash costs too much are not tried. */
export async function tryPasswords(
  exec: Exec,
  accounts: readonly KnownAccount[],
): Promise<Map<number, NonNullable<Account['wellKnown']>>> {
  const verdicts = new Map<number, NonNullable<Account['wellKnown']>>();
  const tried: { readonly position: number; readonly line: string }[] = [];
  let count = 0;
  for (const [position, { account, hash }] of accounts.entries()) {
    if (hash === undefined) continue;
    if (count >= mostAccounts || !isCheap(hash)) {
      verdicts.set(position, 'untried');
      continue;
    }
    count += 1;
    verdicts.set(position, 'no');
    const words = new Set([account.name, `${account.name}123`, ...wellKnown]);
    for (const word of words) if (!/[\t\n]/.test(word)) tried.push({ position, line: `${hash}\t${word}` });
  }
  if (tried.length === 0) return verdicts;
  const { stdout } = await exec(['perl', '-e', script], {
    stdin: `${tried.map(({ line }) => line).join('\n')}\n`,
    quiet: true,
    timeoutSeconds: 300,
  });
  for (const [index, answer] of stdout.split('\n').entries()) {
    const position = tried[index]?.position;
    if (answer === '1' && position !== undefined) verdicts.set(position, 'yes');
  }
  return verdicts;
}

/** Whether trying a hash takes a fraction of a second: its author chose what that costs. */
function isCheap(hash: string): boolean {
  if (!/^[!-9;-~]{1,256}$/.test(hash)) return false;
  const rounds = /^\$[56]\$rounds=([0-9]+)\$/.exec(hash)?.[1];
  if (rounds !== undefined) return Number(rounds) <= 500_000;
  const cost = /^\$2[abxy]\$([0-9]{2})\$/.exec(hash)?.[1];
  if (cost !== undefined) return Number(cost) <= 12;
  // By crypt(5) and its source: `j` and then the binary logarithm of the memory, of which 9 is usual and B is four times that.
  if (/^\$g?y\$/.test(hash)) return /^\$g?y\$j[./0-9AB]/.test(hash);
  return /^\$[156]\$/.test(hash);
}
