import type { ChangeOf } from '../../../../core/plan/programs/remediate.ts';
import { existsInTree, listTreeFolder, readTreeFile, type TreeAccess, writeTreeFile } from '../tree/tree-file.ts';
import { readProfile, stacks, withProfiles } from './pam-stacks.ts';
import { keepFile } from './tree-edits.ts';

const folder = '/usr/share/pam-configs';
const savedFolder = '/var/lib/pam';
/** The image’s packages bring a handful. */
const mostProfiles = 200;

/**
 * Adds profiles to the stacks of PAM as pam-auth-update(8) does, as data: the profile, the block of each stack, and what
 * it keeps of both, so that it goes on to manage them.
 * @returns what was changed; what is not, and why, goes to the log
 */
export async function addPamProfiles(
  access: TreeAccess,
  { profiles: added }: ChangeOf<'pam-profiles'>,
  log: (text: string) => void,
): Promise<string[]> {
  if (!(await existsInTree(access, '/etc/pam.d/common-auth'))) {
    log('/etc/pam.d: no common-auth, so that nothing is added to the stacks of PAM');
    return [];
  }
  const changed: string[] = [];
  for (const { name, text } of added) changed.push(...(await keepFile(access, `${folder}/${name}`, text, 0o644)));
  const profiles = new Map<string, ReturnType<typeof readProfile>>();
  for (const name of (await listTreeFolder(access, folder)).slice(0, mostProfiles)) {
    const file = await readTreeFile(access, `${folder}/${name}`);
    if (file !== undefined) profiles.set(name, readProfile(file.text));
  }
  for (const stack of stacks) {
    const own = added.map(({ name }) => name).filter((name) => profiles.get(name)?.has(`${stack.field}-Type`) === true);
    if (own.length === 0) continue;
    const [place, savedPlace] = [`/etc/pam.d/common-${stack.type}`, `${savedFolder}/${stack.type}`];
    const [file, saved] = [await readTreeFile(access, place), await readTreeFile(access, savedPlace)];
    const made =
      file === undefined || saved === undefined
        ? undefined
        : withProfiles(stack, { text: file.text, saved: saved.text }, own, profiles);
    if (made === undefined) {
      log(`${place}: not as pam-auth-update has made it, so that it is left as it is`);
      continue;
    }
    changed.push(...(await keepFile(access, place, made.text, 0o644)));
    changed.push(...(await keepFile(access, savedPlace, made.saved, 0o644)));
  }
  const seen = (await readTreeFile(access, `${savedFolder}/seen`))?.text ?? '';
  const missing = added.map(({ name }) => name).filter((name) => !seen.split('\n').includes(name));
  if (missing.length > 0)
    await writeTreeFile(access, `${savedFolder}/seen`, `${seen}${missing.join('\n')}\n`, { mode: 0o644 });
  return changed;
}
