import { z } from 'zod';
import type { ProgramDeclaration } from './program.ts';

/** The most changes of one step: each check has a handful. */
const mostChanges = 200;

const path = z
  .string()
  .regex(/^(?:\/[A-Za-z0-9_@.:+-]+)+$/)
  .max(255)
  .refine((text) => !text.split('/').includes('..'))
  .describe('Absolute path in the image.');
const mode = z.int().min(0).max(0o7777);
const word = z.string().regex(/^[!-~]{1,128}$/);
const line = z.string().regex(/^[ -~]{1,512}$/);
const ifThere = path.optional().describe('Only where this is there.');

/** One change of the tree. What already is as it is to be stays untouched, so that to apply it twice changes nothing. */
export const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('write').describe('A file of root’s with this text.'),
    ...{ path, text: z.string().max(16_384), mode, ifThere },
  }),
  z.strictObject({
    kind: z.literal('link').describe('A symlink.'),
    ...{ path, target: path, ifThere },
  }),
  z.strictObject({
    kind: z.literal('setting').describe('A setting of a file of lines, where the file is there.'),
    path,
    form: z.enum(['spaced', 'equals']).describe('`NAME value`, or `name = value`.'),
    name: word,
    value: line,
    accepts: z.array(word).max(32).optional().describe('Values that stay; of any case.'),
    atMost: z.int().min(1).optional().describe('A number from 1 to this stays.'),
  }),
  z.strictObject({
    kind: z.literal('mode').describe('Takes away bits of a path, where it is there.'),
    path,
    mode: mode.describe('Bits that it may keep.'),
    groups: z
      .array(word)
      .max(4)
      .optional()
      .describe('It is to belong to root, and to root’s group or one of these; absent: owner and group stay.'),
  }),
  z.strictObject({
    kind: z.literal('pam-profiles').describe('Modules of PAM in the stacks common-*, as pam-auth-update(8) adds them.'),
    profiles: z
      .array(z.strictObject({ name: z.string().regex(/^lbuild-[a-z-]{1,40}$/), text: z.string().max(2_048) }))
      .min(1)
      .max(8),
  }),
  z.strictObject({
    kind: z.literal('su-group').describe('A line by which only members of a group may use su.'),
    line,
  }),
  z.strictObject({
    kind: z.literal('tls-floor').describe('The least version of TLS in openssl.cnf, where the file is there.'),
    minimum: z.enum(['TLSv1.2', 'TLSv1.3']),
  }),
  z.strictObject({
    kind: z.literal('password-days').describe('Days after which passwords that are set must be changed.'),
    days: z.int().min(1).max(99_999),
  }),
  z.strictObject({
    kind: z.literal('no-shells').describe('System accounts that have a shell get nologin.'),
    except: z.array(word).max(400).describe('Accounts that the spec makes.'),
  }),
  z.strictObject({
    kind: z.literal('not-for-all').describe('Nobody but owner and group may write what has no sticky bit.'),
  }),
]);
export type TreeChange = z.infer<typeof changeSchema>;
export type ChangeOf<Kind extends TreeChange['kind']> = Extract<TreeChange, { kind: Kind }>;

/** Declaration of `remediate`: changes a tree as data, so that checks of compliance pass. */
export const remediate = {
  name: 'remediate',
  version: 1,
  summary: 'Changes the image so that checks of compliance pass',
  trust: 'service',
  produces: 'layer',
  reads: 'tree',
  hostTools: [],
  timeoutSeconds: 600,
  options: z.strictObject({
    changes: z.array(changeSchema).min(1).max(mostChanges).describe('In the order in which they are made.'),
  }),
} as const satisfies ProgramDeclaration;
