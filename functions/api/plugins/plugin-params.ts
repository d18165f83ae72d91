import { z } from 'zod';
import { pluginNameSchema } from '../../../core/plugins/declaration.ts';
import { hearingIdSchema } from '../../../core/plugins/hearings/hearing.ts';
import { pluginLimits } from '../../../core/plugins/limits.ts';
import { wholeNumber } from '../../shared/whole-number.ts';

export const pluginParams = z.strictObject({ name: pluginNameSchema });
export const versionParams = z.strictObject({
  ...pluginParams.shape,
  version: wholeNumber(1, pluginLimits.versions.value),
});

export const hearingParams = z.strictObject({ ...pluginParams.shape, hearingId: hearingIdSchema });

/** A version in a body. */
export const askedVersion = z
  .number()
  .int()
  .min(1)
  .max(pluginLimits.versions.value)
  .exactOptional()
  .describe('The latest unless given.');
