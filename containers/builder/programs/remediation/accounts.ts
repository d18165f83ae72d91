import { readAccountTable, writeAccountTable } from '../tree/account-table.ts';
import type { TreeAccess } from '../tree/tree-file.ts';

/** Programs that are no shells: who gets one of these gets no further. */
const noShells = /^(?:\/usr)?\/s?bin\/(?:nologin|false)$/;
/** They have another program than a shell, which ends at once (base-passwd); root is who repairs the machine. */
const exempt: ReadonlySet<string> = new Set(['root', 'sync', 'shutdown', 'halt']);

/** Gives system accounts that have a shell none. @returns what was changed */
export async function takeShells(access: TreeAccess, except: readonly string[]): Promise<string[]> {
  const table = await readAccountTable(access, '/etc/passwd');
  if (table === undefined) return [];
  const changed: string[] = [];
  for (const row of table.rows) {
    const [name = '', , number = '', , , , shell = ''] = row;
    const uid = Number(number);
    const isSystem = number !== '' && (uid < 1_000 || uid >= 60_000);
    if (row.length !== 7 || !isSystem || exempt.has(name) || except.includes(name) || noShells.test(shell)) continue;
    row[6] = '/usr/sbin/nologin';
    changed.push(`/etc/passwd: ${name} has no shell now`);
  }
  if (changed.length > 0) await writeAccountTable(access, '/etc/passwd', table);
  return changed;
}

/** Has passwords that are set run out after some days. @returns what was changed */
export async function limitPasswordDays(access: TreeAccess, days: number): Promise<string[]> {
  const table = await readAccountTable(access, '/etc/shadow');
  if (table === undefined) return [];
  const changed: string[] = [];
  for (const row of table.rows) {
    const [name = '', hash = '', , , most = ''] = row;
    const isSet = hash !== '' && !/^[!*]/.test(hash);
    const within = /^[0-9]{1,9}$/.test(most) && Number(most) >= 1 && Number(most) <= days;
    if (row.length !== 9 || !isSet || within) continue;
    row[4] = String(days);
    changed.push(`/etc/shadow: the password of ${name} holds for ${days} days now`);
  }
  if (changed.length > 0) await writeAccountTable(access, '/etc/shadow', table);
  return changed;
}
