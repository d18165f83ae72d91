import type { Inspection } from '../plan/programs/inspection.ts';
import type { InspectedTree } from './inspected-tree.ts';

/** What a path may be at most. */
export interface WantedMode {
  readonly path: string;
  /** Bits that it may have; it may have fewer. */
  readonly mode: number;
  /** Names of groups that may be its group; root’s where none is named. */
  readonly groups?: readonly string[];
}

export const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** Lets accounts and groups in beside those of the mode (acl(5)); without such, the kernel stores none. */
const accessList = 'system.posix_acl_access';

/** What is wrong with the modes, owners and access lists of paths; what is not there has none. */
export function wrongModes(
  tree: InspectedTree,
  { groups }: Pick<Inspection, 'groups'>,
  wanted: readonly WantedMode[],
): { readonly wrong: string[]; readonly seen: string[] } {
  const wrong: string[] = [];
  const seen: string[] = [];
  for (const { path, mode: most, groups: allowed = ['root'] } of wanted) {
    const found = tree.find(path);
    if (found === undefined) {
      const link = tree.lookAt(path)?.entry;
      if (link !== undefined) wrong.push(`/${path}: a link to ${link.target}, where nothing is looked at`);
      continue;
    }
    const { mode = 0, uid = 0, gid = 0, xattrs = {} } = found.entry;
    const group = groups.find((one) => one.gid === gid)?.name ?? (gid === 0 ? 'root' : String(gid));
    const told = `/${path}: ${octal(mode)}, uid ${uid}, group ${group}`;
    const more = mode & ~most;
    if (more !== 0) wrong.push(`${told}; at most ${octal(most)} is wanted`);
    else if (uid !== 0) wrong.push(`${told}; it is to belong to root`);
    else if (Object.hasOwn(xattrs, accessList)) wrong.push(`${told}; an access control list lets others in`);
    // A group that may do nothing may be any.
    else if (!allowed.includes(group) && (mode & 0o070) !== 0)
      wrong.push(`${told}; its group is to be ${allowed.join(' or ')}`);
    else seen.push(told);
  }
  return { wrong, seen };
}
