import { findRelease } from '../distributions/registry.ts';
import { quoted } from '../text.ts';
import { valueAt } from './field-path.ts';
import { type SpecError, specError } from './spec-errors.ts';

/**
 * What the distribution of a spec cannot honour beside its release: security updates where the release has none of its
 * own, and archives of a name that a file of the image has.
 * @param input readable (see survey.ts)
 */
export function distributionErrors(input: unknown): SpecError[] {
  const wanted = valueAt(input, ['base', 'release']);
  const found = typeof wanted === 'string' ? findRelease(wanted) : undefined;
  if (found === undefined) return [];
  const { distribution, release } = found;
  const errors: SpecError[] = [];
  const updates = valueAt(input, ['updates']);
  const isSection = typeof updates === 'object' && updates !== null;
  const unattended = valueAt(updates, ['unattended']) ?? 'security';
  if (isSection && unattended === 'security' && release.securitySuite === undefined) {
    errors.push(
      specError(['updates', 'unattended'], {
        code: 'spec.unsupported_option',
        reason: `${String(wanted)} has no security updates of its own: they come as all its updates do`,
        remedy: 'Set it to all or none.',
      }),
    );
  }
  const archives = valueAt(input, ['archives']);
  for (const [index, archive] of Array.isArray(archives) ? archives.entries() : []) {
    // `debian` is nobody's on any distribution: the schema of the name says so.
    if (distribution.name === 'debian' || valueAt(archive, ['name']) !== distribution.name) continue;
    errors.push(
      specError(['archives', index, 'name'], {
        code: 'spec.reserved_name',
        reason: `${quoted(distribution.name)} names the file of ${distribution.title}’s own archive in the image`,
        remedy: 'Choose another name.',
      }),
    );
  }
  return errors;
}
