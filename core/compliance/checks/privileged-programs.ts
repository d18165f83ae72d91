import { z } from 'zod';
import { patternText } from '../../spec/refusal.ts';
import { check } from '../check.ts';
import { octal } from '../file-modes.ts';
import { judged } from '../verdicts.ts';

const programPath = patternText({
  pattern: /^\/[^\p{Cc}]+$/u,
  maxLength: 4_096,
  what: 'an absolute path',
  remedy: 'Give the path of a program in the image, such as /usr/local/bin/tool.',
});

/** Programs that make somebody root come from packages. */
export const privilegedPrograms = check({
  id: 'privileged-programs',
  title: 'Programs with setuid, setgid or capabilities come from packages',
  severity: 'high',
  tag: 'image',
  clauses: { base: ['File modes'], hipaa: ['164.312(c)(1)'], soc2: ['CC6.8'] },
  how: 'All paths of the tree with these rights are looked up among the files of installed packages.',
  remedy: 'Take the right away, put the program into a package, or name it in `tailoring`.',
  parameters: z.strictObject({
    allow: z
      .array(programPath.describe('Absolute path of a program.'))
      .max(100)
      .default([])
      .describe('Paths of programs of your own.'),
  }),
  judge({ found: { privileged }, values: { allow } }) {
    const wrong = privileged.flatMap(({ path, mode, uid, package: owner }) =>
      owner === undefined && !allow.includes(`/${path}`) ? [`/${path}: ${octal(mode)}, uid ${uid}, of no package`] : [],
    );
    return judged(wrong, [`${privileged.length} programs, all of packages or named in the spec`]);
  },
});
