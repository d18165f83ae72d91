import { z } from 'zod';
import { specLimits } from './limits.ts';
import { patternText, ruledText } from './refusal.ts';
import { scriptRefusal } from './steps.ts';

/** A script that the system runs once, when it boots for the first time. */
export const firstBootSchema = z
  .strictObject({
    name: patternText({
      pattern: /^[a-z][a-z0-9-]*$/,
      maxLength: 48,
      what: 'a name for a script',
      remedy: 'Use lower-case letters, digits and `-`, beginning with a letter.',
    }).describe('Name of the script, in the journal and in its file.'),
    run: ruledText(scriptRefusal, { minLength: 1, maxLength: specLimits.scriptBytes.value }).describe(
      'Script that root runs in the booted system: by /bin/sh -e, or by the interpreter of its #! line.',
    ),
    network: z.boolean().default(false).describe('Wait for the network first; then all the scripts wait for it.'),
    ignoreFailure: z
      .boolean()
      .default(false)
      .describe('Go on where it fails. Else what follows waits for the next boot, which tries again.'),
    timeoutSeconds: z
      .int()
      .min(1)
      .max(specLimits.stepSeconds.value)
      .default(600)
      .describe('Seconds after which the script is ended and has failed.'),
  })
  .describe('A script that runs once, at the first boot.');
