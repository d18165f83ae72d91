import { z } from 'zod';
import type { Table } from '../ports/table.ts';
import type { Standing } from '../vulnerabilities/standing.ts';
import { findLineage } from './known.ts';
import type { RebuildSettings } from './settings.ts';
import { leftReasons, whyLeft } from './why-left.ts';

/** How an image stands to automatic rebuilds, as it is told. */
export const automaticRebuildSchema = z
  .strictObject({
    left: z
      .enum(leftReasons)
      .optional()
      .describe(
        'Why it is not built anew by itself; absent: it is, when its turn comes. below_severity: nothing that is severe enough has a fix. pinned: it needs a new lock or snapshot. superseded: there is a newer image of its name, team, release and architecture. declined: somebody cancelled the rebuild, or it was not approved, or the image was not. under_way: the rebuild has not ended. tried: that brought none of the fixes, three times; a newer fix begins anew. later: it is tried again with other data, on another day.',
      ),
    last: z
      .strictObject({
        at: z.iso.datetime(),
        tries: z.int().describe('How often the same fixes were tried for.'),
        build: z.string().optional().describe('The build that was submitted; absent: it was refused.'),
        refusal: z
          .strictObject({ code: z.string(), reason: z.string() })
          .optional()
          .describe('Why it was not submitted.'),
      })
      .optional()
      .describe('The last one of its name, team, release and architecture; absent: there was none.'),
  })
  .meta({ id: 'AutomaticRebuild' });

/** How an image stands to automatic rebuilds; undefined where its tenant has none. */
export async function automaticView(
  { table, now }: { readonly table: Table; readonly now: Date },
  settings: RebuildSettings,
  standing: Standing,
): Promise<z.input<typeof automaticRebuildSchema> | undefined> {
  if (!settings.automatic) return undefined;
  const found = await findLineage(table, standing);
  if (found === undefined) return undefined;
  const left = whyLeft(standing, settings, { ...found.known, isLive: false, now });
  const { attempt } = found.known;
  return {
    ...(left === undefined ? {} : { left }),
    ...(attempt === undefined
      ? {}
      : {
          last: {
            ...{ at: attempt.at, tries: attempt.tries },
            ...(attempt.build === undefined ? {} : { build: attempt.build }),
            ...(attempt.refusal === undefined ? {} : { refusal: attempt.refusal }),
          },
        }),
  };
}
