import type { Change } from './change-tree.ts';

/** Why a definition of OpenSCAP’s content says something else than a check of ours, and what is really so. */
export const reasons = {
  'drop-ins':
    'sshd reads the files that Include names, where the Include stands. The definition reads `/etc/ssh/sshd_config` alone.',
  'first-value': 'Of a keyword sshd takes the first value. The definition wants every line of the file to be good.',
  'match-alone': 'A value in a Match block holds for its connections alone. The definition takes it for all.',
  'match-all': 'A Match all holds in place of what stands before it. The definition wants every line to be good.',
  default: 'sshd’s own value is good. The definition wants a line that says so.',
  spelling: 'sshd takes `=`, quotes and capitals. The definition wants one white space and small letters.',
  'time-format': 'sshd takes `5m` (sshd_config(5), TIME FORMATS). The definition reads digits alone.',
  'command-line': 'The unit gives sshd the words of SSHD_OPTS in `/etc/default/ssh`. The definition does not read it.',
  product: 'What counts is interval times count, at most 900 seconds. The definition bounds each of them by itself.',
  'count-of-none':
    'Since OpenSSH 8.2 a ClientAliveCountMax of 0 ends no session at all. The definition is older and asks for it.',
  'stricter-group': 'Group root instead of shadow lets fewer in. The definition wants group 42.',
  'group-without-rights':
    'The mode gives the group nothing, so it may be any. The definition looks at the group alone.',
  'number-of-group': 'Groups have names: 42 is not shadow in every image. The definition compares the number.',
  'link-followed':
    'Programs follow links, and others may read the file that this one leads to. The definition leaves links out.',
  missing: 'Without the file nobody’s password is where it has to be. The definition passes what is not there.',
  'access-list': 'An access control list lets an account read the file. The definition looks at the mode alone.',
  pipe: 'Whoever may write into a pipe feeds the program that reads it. The definition looks at regular files alone.',
} as const;
export type Reason = keyof typeof reasons;
export type Outcome = 'pass' | 'fail';

/** What both say, or what each of them says and why. */
export type Expected = Outcome | { readonly ours: Outcome; readonly theirs: Outcome; readonly why: Reason };

/** A check of ours, or what it says of one path, beside definitions that all have to hold. */
export interface Row {
  readonly check: string;
  /** Relative to the root. */
  readonly path?: string;
  /** Without `oval:ssg-` and `:def:1`. */
  readonly definitions: readonly [string, ...string[]];
  readonly expected: Expected;
}

/** The built tree with something changed, and what is said of it. */
export interface Variant {
  readonly name: string;
  readonly change: Change;
  readonly rows: readonly Row[];
  /** Who comes to sshd, in the words of its option -C, beside everybody. */
  readonly connection?: string;
}

export const oursOf = (expected: Expected): Outcome => (typeof expected === 'string' ? expected : expected.ours);
export const theirsOf = (expected: Expected): Outcome => (typeof expected === 'string' ? expected : expected.theirs);
