import { z } from 'zod';
import { inspectedFolders, inspectedTexts } from './inspection.ts';
import type { ProgramDeclaration } from './program.ts';

/** Declaration of `inspect`: reads the tree as data and tells what checks of compliance are judged by. */
export const inspect = {
  name: 'inspect',
  version: 1,
  summary: 'Reads what checks judge the image by',
  trust: 'seal',
  produces: 'inspection',
  reads: 'tree',
  // crypt(3) of the builder’s own, to try well-known passwords.
  hostTools: ['perl'],
  timeoutSeconds: 900,
  options: z.strictObject({
    folders: z.array(z.string()).describe('Folders whose paths are listed, with all below them.'),
    texts: z
      .array(z.union([z.string(), z.strictObject({ folder: z.string(), ends: z.string() })]))
      .describe('Files whose text is told: a path, or the files of a folder by the end of their names.'),
  }),
} as const satisfies ProgramDeclaration;

/** What a plan has it read: it is in the key, so that checks that read more have a tree inspected again. */
export const inspectOptions = (): z.input<(typeof inspect)['options']> => ({
  folders: [...inspectedFolders],
  texts: [...inspectedTexts],
});
