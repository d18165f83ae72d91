import type { Cleanup, CleanupEntry, Hold, Image, RetentionPolicy } from '../sdk/generated/types.gen.ts';

/** A policy on one line. */
export function retentionPolicyLine({ name, select, expire }: RetentionPolicy): string {
  const chosen = Object.entries(select).map(([field, values]) => `${field} ${(values ?? []).join('|')}`);
  const which = chosen.length === 0 ? 'every image' : chosen.join(' and ');
  if (expire === null) return `${name}  keeps ${which}`;
  const { afterDays, unusedDays, beyondNewest, per } = expire;
  const rules = [
    ...(afterDays === undefined ? [] : [`${afterDays} days after its build`]),
    ...(unusedDays === undefined ? [] : [`${unusedDays} days after its last download`]),
    ...(beyondNewest === undefined ? [] : [`beyond the newest ${beyondNewest} of a ${per ?? 'template'}`]),
  ];
  return `${name}  ${which}: ${rules.join(', and ')}`;
}

/** An image on one line. */
export function imageLine({ build, name, state, tags, bytes, purgeAt }: Image): string {
  const until = purgeAt === undefined || state !== 'trashed' ? '' : ` until ${purgeAt}`;
  const size = bytes === undefined ? '' : `  ${bytes} bytes`;
  return `${build}  ${name}  ${state}${until}${size}${tags.length === 0 ? '' : `  ${tags.join(' ')}`}`;
}

export const holdLine = ({ id, build, placedAt, reason }: Hold): string => `${id}  ${build}  ${placedAt}  ${reason}`;

/** What a cleanup came to. */
export function cleanupText({ id, state, dryRun, requestedAt, counts }: Cleanup): string {
  const head = `${id}  ${requestedAt}  ${dryRun ? 'dry run' : 'cleanup'}  ${state}`;
  const lines = counts
    .filter(({ found, failed, error }) => found > 0 || failed > 0 || error !== undefined)
    .map(({ task, found, removed, bytes, failed, more, error }) => {
      const done = dryRun ? `${found} would go` : `${removed} of ${found} removed`;
      const bad = failed === 0 ? '' : `, ${failed} failed${error === undefined ? '' : ` (${error})`}`;
      return `  ${task}: ${done}, ${bytes} bytes${bad}${more ? '; there is more' : ''}`;
    });
  return [head, ...lines].join('\n');
}

/** Something that a cleanup found, on one line. */
export function cleanupEntryLine({ task, what, why, bytes, outcome, error }: CleanupEntry): string {
  const size = bytes === undefined ? '' : `  ${bytes} bytes`;
  return `${outcome}  ${task}  ${what}  ${why.join(' ')}${size}${error === undefined ? '' : `  ${error}`}`;
}
