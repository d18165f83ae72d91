import { z } from 'zod';
import { utf8Length } from '../text.ts';
import { groupReference } from './accounts.ts';
import { imagePathRefusal } from './image-path.ts';
import { specLimits } from './limits.ts';
import { patternRefusal, patternText, type Refusal, ruledText } from './refusal.ts';

function contentRefusal(text: string): Refusal | undefined {
  const remedy = 'Upload the file and give its `upload`, put it into a package, or let a step make it.';
  if (text.includes('\0')) {
    return { code: 'spec.invalid_value', reason: 'the content holds a NUL character: it is no text', remedy };
  }
  const bytes = utf8Length(text);
  if (bytes <= specLimits.fileBytes.value) return undefined;
  const reason = `the content has ${bytes} bytes; at most ${specLimits.fileBytes.value} are allowed`;
  return { code: 'spec.too_large', reason, remedy };
}

/**
 * Judges a content in base64 (RFC 4648, 4): the one form that encodes its bytes, so that equal contents have equal texts.
 */
export function base64Refusal(text: string): Refusal | undefined {
  const end = text.slice(-4);
  const canonical =
    text.length % 4 === 0 &&
    /^[A-Za-z0-9+/]*$/.test(text.slice(0, -4)) &&
    /^(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?$/.test(end) &&
    // The bits that are left over in the last letter are zero.
    (!end.endsWith('=') || /[AEIMQUYcgkosw048]=$|[AQgw]==$/.test(end));
  if (!canonical) {
    return {
      code: 'spec.invalid_value',
      reason: 'the text is not base64 in its one full form',
      remedy: 'Give the output of `base64 --wrap=0 FILE`: letters, digits, `+`, `/`, and `=` at its end; no line ends.',
    };
  }
  const bytes = (text.length / 4) * 3 - (end.endsWith('==') ? 2 : end.endsWith('=') ? 1 : 0);
  if (bytes <= specLimits.fileBytes.value) return undefined;
  const reason = `the content has ${bytes} bytes; at most ${specLimits.fileBytes.value} are allowed`;
  return { code: 'spec.too_large', reason, remedy: 'Upload the file and give its `upload`, or put it into a package.' };
}

/** The largest number of a user or group: of the 2^32 the last, -1, means "leave it as it is" to chown(2). */
const largestOwner = 2 ** 32 - 2;

/** A user or group of a file or folder, by name or by number. */
export function ownerField(kind: 'user' | 'group') {
  const form = {
    pattern: /^(?:[a-z_][a-z0-9_-]*|0|[1-9][0-9]{0,9})$/,
    maxLength: groupReference.maxLength,
    what: `the name or number of a ${kind}`,
    remedy: `Give the name of a ${kind} in the image, or its number in quotes.`,
  };
  const rule = (text: string): Refusal | undefined => {
    const refusal = patternRefusal(text, form);
    if (refusal !== undefined || !/^[0-9]/.test(text) || Number(text) <= largestOwner) return refusal;
    const reason = `${text} is larger than any number of a ${kind}`;
    return { code: 'spec.invalid_value', reason, remedy: `Give a number up to ${largestOwner}.` };
  };
  return ruledText(rule, { maxLength: form.maxLength, pattern: form.pattern.source });
}

/** Permission bits. */
export const modeField = patternText({
  pattern: /^[0-7]{4}$/,
  maxLength: 4,
  what: 'a file mode',
  remedy: 'Write four octal digits in quotes, such as "0644".',
});

/** A file to write; its content in exactly one of three forms (joined-fields.ts). */
export const fileSchema = z
  .strictObject({
    path: ruledText(imagePathRefusal, { maxLength: specLimits.pathBytes.value, pattern: '^/' }).describe(
      'Absolute path in the image, in its normal form. Missing folders are made.',
    ),
    content: ruledText(contentRefusal, { maxLength: specLimits.fileBytes.value })
      .optional()
      .describe('The content, as text; it is written in UTF-8, exactly as given. Or else `base64` or `upload`.'),
    base64: ruledText(base64Refusal, { pattern: '^[A-Za-z0-9+/]*={0,2}$' })
      .optional()
      .describe('The content in base64, for files that are no text. Instead of `content`.'),
    upload: patternText({
      pattern: /^[0-9a-f]{64}$/,
      maxLength: 64,
      what: 'the SHA-256 of an upload',
      remedy: 'Give the 64 hexadecimal digits, in lower case, that `lbuild uploads add FILE` answers.',
    })
      .optional()
      .describe('The content as an upload, by its SHA-256: for what a spec cannot hold. Instead of `content`.'),
    mode: modeField.default('0644').describe('Permission bits: four octal digits, in quotes.'),
    owner: ownerField('user').default('root').describe('User that owns the file, by name or number.'),
    group: ownerField('group').default('root').describe('Group of the file, by name or number.'),
  })
  .describe('A file to write.');
