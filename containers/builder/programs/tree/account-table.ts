import { StepError } from '../../step-error.ts';
import { readTreeFile, type TreeAccess, writeTreeFile } from './tree-file.ts';

/** A file of colon-separated lines, as in passwd(5), group(5), shadow(5) and gshadow(5). Lines keep their order. */
export interface AccountTable {
  readonly path: string;
  readonly rows: string[][];
}

const defaults = {
  '/etc/passwd': { mode: 0o644, uid: 0, gid: 0 },
  '/etc/group': { mode: 0o644, uid: 0, gid: 0 },
  '/etc/shadow': { mode: 0o640, uid: 0, gid: 42 },
  '/etc/gshadow': { mode: 0o640, uid: 0, gid: 42 },
  '/etc/subuid': { mode: 0o644, uid: 0, gid: 0 },
  '/etc/subgid': { mode: 0o644, uid: 0, gid: 0 },
} as const;
export type AccountPath = keyof typeof defaults;

/** Reads one table of the tree; `undefined` where the tree has no such file. */
export async function readAccountTable(access: TreeAccess, path: AccountPath): Promise<AccountTable | undefined> {
  const file = await readTreeFile(access, path);
  if (file === undefined) return undefined;
  const rows = file.text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
  return { path, rows };
}

/** Reads a table without which a system has no accounts. Throws StepError where it is missing. */
export async function needAccountTable(access: TreeAccess, path: AccountPath): Promise<AccountTable> {
  const table = await readAccountTable(access, path);
  if (table === undefined) throw new StepError('step.failed', `${path} is missing in the tree`);
  return table;
}

/**
 * Writes a table back, keeping the file's mode and owner. No `passwd-` backup is made: it would differ between a
 * first and a repeated run. Group 42 is `shadow` in Debian's static allocation.
 */
export async function writeAccountTable(access: TreeAccess, path: AccountPath, table: AccountTable): Promise<void> {
  const before = await readTreeFile(access, path);
  const text = table.rows.map((row) => `${row.join(':')}\n`).join('');
  const { mode, uid, gid } = before ?? defaults[path];
  await writeTreeFile(access, path, text, { mode, uid, gid });
}

/** The row of a name, or undefined. */
export function rowOf(table: AccountTable, name: string): string[] | undefined {
  return table.rows.find((row) => row[0] === name);
}

/** The numbers in a table's third field: user ids of passwd, group ids of group. */
export function idsOf(table: AccountTable): Set<number> {
  return new Set(table.rows.map((row) => Number(row[2])).filter(Number.isInteger));
}

/** First id of ordinary accounts, and the last: UID_MIN and UID_MAX of Debian's login.defs. */
const firstId = 1_000;
const lastId = 60_000;

/** The lowest free id of ordinary accounts. Throws StepError where none is left. */
export function freeId(taken: ReadonlySet<number>): number {
  for (let id = firstId; id <= lastId; id += 1) if (!taken.has(id)) return id;
  throw new StepError('step.failed', `no user or group number is free between ${firstId} and ${lastId}`);
}

/** A member list in its text form, with one more name; unchanged where the name is there. */
export function withMember(list: string, name: string): string {
  const members = list.split(',').filter((member) => member !== '');
  return members.includes(name) ? list : [...members, name].join(',');
}

/** Refuses text that would end a field or a line of an account table. */
export function needFieldText(field: string, text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[:\u0000-\u001f\u007f]/.test(text)) {
    throw new StepError('step.failed', `${field}: colons and control characters cannot stand in an account's field`);
  }
  return text;
}
