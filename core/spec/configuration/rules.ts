import type { z } from 'zod';
import { quoted } from '../../text.ts';
import type { FieldPath } from '../field-path.ts';
import type { Refusal } from '../refusal.ts';

/** A refusal of a part of a value: where it lies in that, and why. */
export interface PlacedRefusal extends Refusal {
  readonly at: FieldPath;
}

/** A schema whose value a rule between its members judges, where each of these is good by itself. */
export function ruledValue<Schema extends z.ZodType>(
  schema: Schema,
  rule: (value: z.output<Schema>) => readonly PlacedRefusal[],
): Schema {
  return schema.check((context) => {
    if (context.issues.length > 0) return;
    for (const { at, code, reason, remedy } of rule(context.value)) {
      context.issues.push({
        code: 'custom',
        input: context.value,
        path: [...at],
        message: reason,
        params: { code, remedy },
      });
    }
  });
}

/**
 * Every entry whose name stood before.
 * @param place where the entry of an index lies
 */
export function repeatedNames(
  names: readonly string[],
  place: (index: number) => FieldPath,
  remedy: string,
): PlacedRefusal[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : { at: place(index), code: 'spec.duplicate_name', reason: `${quoted(name)} is already given`, remedy },
  );
}
