import { z } from 'zod';
import { modeField, ownerField } from './files.ts';
import { imagePathRefusal } from './image-path.ts';
import { specLimits } from './limits.ts';
import { ruledText } from './refusal.ts';

/** A folder to make, or to set the mode and owner of. */
export const directorySchema = z
  .strictObject({
    path: ruledText(imagePathRefusal, { maxLength: specLimits.pathBytes.value, pattern: '^/' }).describe(
      'Absolute path in the image, in its normal form. Missing folders above it are made.',
    ),
    mode: modeField.default('0755').describe('Permission bits: four octal digits, in quotes.'),
    owner: ownerField('user').default('root').describe('User that owns the folder, by name or number.'),
    group: ownerField('group').default('root').describe('Group of the folder, by name or number.'),
  })
  .describe('A folder to make. One that is there gets this mode and these owners, and keeps what is in it.');
