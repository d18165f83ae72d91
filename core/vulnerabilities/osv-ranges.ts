import { z } from 'zod';
import type { AffectedRange } from './advisory.ts';
import { compareVersionTexts, isDebianVersion } from './debian-version.ts';
import { vulnerabilityLimits as limits } from './limits.ts';

/** An event of a range; one of a kind that is not read (`limit`, which is of commits) has no member. */
const eventSchema = z.object({
  introduced: z.string().optional(),
  fixed: z.string().optional(),
  last_affected: z.string().optional(),
});

export const osvRangesSchema = z
  .array(z.object({ type: z.string(), events: z.array(eventSchema).max(limits.events) }))
  .max(limits.events)
  .nullish();

/** What happens at a version; `at` is undefined before all versions. */
interface Turn {
  readonly kind: 'introduced' | 'fixed' | 'lastAffected';
  readonly at: string | undefined;
}

/**
 * The affected versions of OSV's ranges in the order of Debian's versions (OSV schema 1.7, "Evaluation"): ranges of the
 * type ECOSYSTEM, since others order otherwise.
 * @returns a text that says what is wrong where they cannot be read
 */
export function rangesOf(ranges: NonNullable<z.infer<typeof osvRangesSchema>>): AffectedRange[] | string {
  const found: AffectedRange[] = [];
  for (const { type, events } of ranges) {
    if (type !== 'ECOSYSTEM') continue;
    const turns: Turn[] = events.flatMap(turnsOf);
    const wrong = turns.find(({ at }) => at !== undefined && !isDebianVersion(at));
    if (wrong !== undefined) return `${JSON.stringify(wrong.at?.slice(0, 60))} is no version of a Debian package`;
    if (!turns.some(({ kind }) => kind === 'introduced')) return 'a range begins nowhere: it has no `introduced`';
    found.push(...spansOf(turns));
  }
  return found;
}

function turnsOf({ introduced, fixed, last_affected: last }: z.infer<typeof eventSchema>): Turn[] {
  // "0" is before every version there: Debian has versions before it, such as 0~20160408.
  if (introduced !== undefined) return [{ kind: 'introduced', at: introduced === '0' ? undefined : introduced }];
  if (fixed !== undefined) return [{ kind: 'fixed', at: fixed }];
  return last === undefined ? [] : [{ kind: 'lastAffected', at: last }];
}

/** From each `introduced` to the next end. Events at one version keep their order, as in OSV's own algorithm. */
function spansOf(turns: readonly Turn[]): AffectedRange[] {
  const sorted = turns.toSorted((a, b) => {
    if (a.at === undefined || b.at === undefined) return Number(b.at === undefined) - Number(a.at === undefined);
    return compareVersionTexts(a.at, b.at);
  });
  const spans: AffectedRange[] = [];
  let open: Pick<AffectedRange, 'introduced'> | undefined;
  for (const { kind, at } of sorted) {
    if (kind === 'introduced') {
      open ??= at === undefined ? {} : { introduced: at };
    } else if (open !== undefined && at !== undefined) {
      spans.push({ ...open, [kind]: at });
      open = undefined;
    }
  }
  return open === undefined ? spans : [...spans, open];
}
