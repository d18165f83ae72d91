import { z } from 'zod';
import { utf8Length } from '../text.ts';
import { groupReference } from './accounts.ts';
import { imagePathRefusal } from './image-path.ts';
import { specLimits } from './limits.ts';
import { patternText, type Refusal, ruledText } from './refusal.ts';

function contentRefusal(text: string): Refusal | undefined {
  const remedy = 'Put the file into a package, or let a step make it.';
  if (text.includes('\0')) {
    return { code: 'spec.invalid_value', reason: 'the content holds a NUL character: it is no text', remedy };
  }
  const bytes = utf8Length(text);
  if (bytes <= specLimits.fileBytes.value) return undefined;
  const reason = `the content has ${bytes} bytes; at most ${specLimits.fileBytes.value} are allowed`;
  return { code: 'spec.too_large', reason, remedy };
}

/** A user or group of a file, by name or by number. */
const owner = (kind: 'user' | 'group') =>
  patternText({
    pattern: /^(?:[a-z_][a-z0-9_-]*|0|[1-9][0-9]{0,9})$/,
    maxLength: groupReference.maxLength,
    what: `the name or number of a ${kind}`,
    remedy: `Give the name of a ${kind} in the image, or its number in quotes.`,
  });

/** A file to write. */
export const fileSchema = z
  .strictObject({
    path: ruledText(imagePathRefusal, { maxLength: specLimits.pathBytes.value, pattern: '^/' }).describe(
      'Absolute path in the image, in its normal form. Missing folders are made.',
    ),
    content: ruledText(contentRefusal, { maxLength: specLimits.fileBytes.value }).describe(
      'The content, as text; it is written in UTF-8, exactly as given.',
    ),
    mode: patternText({
      pattern: /^[0-7]{4}$/,
      maxLength: 4,
      what: 'a file mode',
      remedy: 'Write four octal digits in quotes, such as "0644".',
    })
      .default('0644')
      .describe('Permission bits: four octal digits, in quotes.'),
    owner: owner('user').default('root').describe('User that owns the file, by name or number.'),
    group: owner('group').default('root').describe('Group of the file, by name or number.'),
  })
  .describe('A file to write.');
