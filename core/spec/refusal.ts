import { z } from 'zod';
import { quoted } from '../text.ts';

/** The codes that an error of a spec can have, with their meanings. A code never changes its meaning. */
export const specErrorCodes = {
  'spec.circular_needs': 'Steps need each other in a circle.',
  'spec.contradiction': 'Two fields contradict each other.',
  'spec.duplicate_name': 'A name stands twice where each may stand once.',
  'spec.duplicate_number': 'A uid or gid stands twice.',
  'spec.invalid_value': 'The value has the wrong type or form.',
  'spec.missing': 'A required field is missing.',
  'spec.path_conflict': 'A file lies below another file.',
  'spec.path_forbidden': 'The path may not be given: the engine or the running system makes it, or empties it.',
  'spec.path_relative': 'The path is not absolute.',
  'spec.path_traversal': 'The path holds `..`.',
  'spec.plain_password': 'The value is not a password hash that is accepted.',
  'spec.reserved_name': 'The name belongs to the distribution or to the engine.',
  'spec.too_large': 'The spec or a text in it is too large.',
  'spec.too_many': 'A list holds too many entries.',
  'spec.too_many_errors': 'There are more errors than one answer holds.',
  'spec.unfinished_upload': 'A file is an upload whose bytes have not come yet.',
  'spec.unknown_key': 'There is no such field.',
  'spec.unknown_need': 'A step needs a step that does not exist.',
  'spec.unknown_parameter': 'The template has no such parameter.',
  'spec.unknown_secret': 'A secret is named that does not exist.',
  'spec.unknown_template': 'A template is named that there is not, or that may not be used.',
  'spec.unknown_upload': 'A file is an upload that does not exist.',
  'spec.unknown_user': 'A user is named that the spec does not make.',
  'spec.unsupported_architecture': 'This installation cannot build the architecture.',
  'spec.unsupported_distribution': 'The distribution cannot be built.',
  'spec.unsupported_option': 'No output of the spec makes anything of the field.',
  'spec.unsupported_output': 'This installation cannot build the output.',
  'spec.unsupported_release': 'The release cannot be built.',
  'spec.unsupported_snapshot': 'This installation has no archive of snapshots.',
  'spec.unsupported_version': 'The schema version is not known.',
} as const;
export type SpecErrorCode = keyof typeof specErrorCodes;

/** Why a value is not taken. The reason never repeats a value that may be a secret. */
export interface Refusal {
  readonly code: SpecErrorCode;
  readonly reason: string;
  readonly remedy: string;
}

/** Judges a text: undefined where it is good, or the first thing wrong with it. */
export type TextRule = (text: string) => Refusal | undefined;

/** What JSON Schema can say of a text, for editors; the rule itself decides. */
export interface TextShape {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

/** Members of the custom issues that `ruledText` raises, as they come out of zod. */
export const refusalParameters = z.object({
  code: z.custom<SpecErrorCode>((code) => typeof code === 'string' && code in specErrorCodes),
  remedy: z.string(),
});

/** A string that a rule judges; the shape goes into the JSON Schema. */
export function ruledText(rule: TextRule, shape: TextShape = {}): z.ZodString {
  return z
    .string()
    .check((context) => {
      const refusal = rule(context.value);
      if (refusal === undefined) return;
      context.issues.push({
        code: 'custom',
        input: context.value,
        message: refusal.reason,
        params: { code: refusal.code, remedy: refusal.remedy },
      });
    })
    .meta({ ...shape });
}

/** A string of one form. `what` names the form with its article, for "…" is not `what`. */
export function patternText(form: {
  readonly pattern: RegExp;
  readonly maxLength: number;
  readonly what: string;
  readonly remedy: string;
}): z.ZodString {
  return ruledText((text) => patternRefusal(text, form), { maxLength: form.maxLength, pattern: form.pattern.source });
}

/** The rule behind `patternText`, for rules that judge more than a form. */
export function patternRefusal(
  text: string,
  form: { readonly pattern: RegExp; readonly maxLength: number; readonly what: string; readonly remedy: string },
): Refusal | undefined {
  if (text.length <= form.maxLength && form.pattern.test(text)) return undefined;
  const reason =
    text.length > form.maxLength
      ? `the text is ${text.length} characters long; at most ${form.maxLength} are allowed`
      : `${quoted(text)} is not ${form.what}`;
  return { code: text.length > form.maxLength ? 'spec.too_large' : 'spec.invalid_value', reason, remedy: form.remedy };
}
