import { z } from 'zod';
import { removalRefusal } from '../plan/programs/removable-path.ts';
import { quoted } from '../text.ts';
import { imagePathRefusal } from './image-path.ts';
import { specLimits } from './limits.ts';
import { type Refusal, ruledText } from './refusal.ts';

/** Judges a path that is to be removed: one that a spec may name, and without which an image still is one. */
export function removalPathRefusal(path: string): Refusal | undefined {
  const refusal = imagePathRefusal(path);
  if (refusal !== undefined) return refusal;
  const needed = removalRefusal(path);
  if (needed === undefined) return undefined;
  return {
    code: 'spec.path_forbidden',
    reason: `${quoted(path)} cannot be removed: ${needed}`,
    remedy: 'Name what is below it, or remove the package that brings it.',
  };
}

/** A path to take out of the image. */
export const removalSchema = z
  .strictObject({
    path: ruledText(removalPathRefusal, { maxLength: specLimits.pathBytes.value, pattern: '^/' }).describe(
      'Absolute path in the image, in its normal form. A folder goes with all that is in it; a link goes itself.',
    ),
    ifPresent: z.boolean().default(false).describe('Do nothing where it is not there. Omitted: that is an error.'),
  })
  .describe('A path to remove.');
