import { z } from 'zod';
import { quoted, utf8Length } from '../text.ts';
import { specLimits } from './limits.ts';
import { patternRefusal, patternText, type Refusal, ruledText } from './refusal.ts';
import { builtInStepIds } from './reserved-names.ts';

const stepId = {
  pattern: /^[a-z][a-z0-9-]*$/,
  maxLength: 48,
  what: 'the id of a step',
  remedy: 'Use lower-case letters, digits and `-`, beginning with a letter.',
};

function stepIdRefusal(id: string): Refusal | undefined {
  if (!builtInStepIds.some((builtIn) => builtIn === id)) return patternRefusal(id, stepId);
  const reason = `${quoted(id)} is the id of a step that the engine adds itself`;
  return { code: 'spec.reserved_name', reason, remedy: 'Choose another id.' };
}

/** Judges the text of a script. */
export function scriptRefusal(script: string): Refusal | undefined {
  if (/[^\P{Cc}\t\n\r]/u.test(script)) {
    const reason = 'the script holds a control character other than tab and line end';
    return { code: 'spec.invalid_value', reason, remedy: 'Write it as an escape of printf, such as \\033.' };
  }
  if (script.trim() === '') {
    return {
      code: 'spec.invalid_value',
      reason: 'the script is empty',
      remedy: 'Write a command, or remove the step.',
    };
  }
  const { value, reason } = specLimits.scriptBytes;
  if (utf8Length(script) <= value) return undefined;
  return {
    code: 'spec.too_large',
    reason: `the script is longer than ${value} bytes; ${reason}`,
    remedy: 'Put it into `files` and call it, or put it into a package.',
  };
}

/** A script to run in the image. */
export const stepSchema = z
  .strictObject({
    id: ruledText(stepIdRefusal, {
      minLength: 1,
      maxLength: stepId.maxLength,
      pattern: stepId.pattern.source,
    }).describe('Id of the step.'),
    run: ruledText(scriptRefusal, { minLength: 1, maxLength: specLimits.scriptBytes.value }).describe(
      'Script that root runs in the image: by /bin/sh -e, or by the interpreter of its #! line.',
    ),
    needs: z
      .array(patternText(stepId).describe('Id of a step.'))
      .max(specLimits.steps.value)
      .optional()
      .describe(
        'Steps that must be done first. Omitted: the step before it in the list. Empty: only packages, accounts, files, services and settings.',
      ),
    network: z.boolean().default(false).describe('Let the script reach the internet.'),
    timeoutSeconds: z
      .int()
      .min(1)
      .max(specLimits.stepSeconds.value)
      .default(600)
      .describe('Seconds after which the script is ended and the build fails.'),
  })
  .describe('A script to run in the image.');
