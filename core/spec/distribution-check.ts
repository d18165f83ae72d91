import { findRelease } from '../distributions/registry.ts';
import { quoted } from '../text.ts';
import { valueAt } from './field-path.ts';
import { type SpecError, specError } from './spec-errors.ts';

/**
 * What a release cannot honour: security updates where it has none of its own, tests where no shell comes up for them, a
 * root that grows where none was seen to, and archives of a name that a file of the image has.
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
  const tests = valueAt(input, ['tests']);
  if (Array.isArray(tests) && tests.length > 0 && release.withoutCredentials) {
    errors.push(
      specError(['tests'], {
        code: 'spec.unsupported_option',
        reason: `the systemd of ${String(wanted)} is older than 252, and takes nothing by which a shell for tests could come`,
        remedy: 'Remove them, or build a later release.',
      }),
    );
  }
  if (valueAt(input, ['disk', 'growth']) !== undefined && release.growthPackages === undefined) {
    errors.push(
      specError(['disk', 'growth'], {
        code: 'spec.unsupported_option',
        reason: `no root of ${String(wanted)} was seen to grow yet`,
        remedy: 'Remove it, and give the disk its size by `sizeMiB` of its output.',
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
