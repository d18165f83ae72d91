import { z } from 'zod';
import { quoted } from '../text.ts';
import type { FieldPath } from './field-path.ts';
import type { Outline } from './outline.ts';
import { type SpecError, specError } from './spec-errors.ts';

/** Where an image holds the spec that its tree was made of. */
export const embeddedSpecPath = '/usr/share/lbuild/spec.json';

/** Whether the image holds its own spec. */
export const embedSpecField = z
  .boolean()
  .describe(
    `Writes ${embeddedSpecPath}: this spec with its defaults, secrets left out, without what says nothing of the tree (\`name\`, \`lock\`, \`disk\`, \`outputs\`, \`tests\`, kernel arguments). Whoever has the image can read its scripts and files there.`,
  );

/** Whether the one path is the other, or lies below it. */
const isWithin = (path: string, folder: string): boolean => `${path}/`.startsWith(`${folder}/`);

/**
 * Files and folders of a spec that stand where its image is to hold the spec itself. A folder above it may be given, a
 * file may not. What would remove it, removed-results.ts refuses.
 */
export function embeddedSpecErrors(outline: Outline): SpecError[] {
  if (outline.embedSpec !== true) return [];
  const errorOf = (path: string | undefined, place: FieldPath, holdsIt: boolean): SpecError[] => {
    if (path === undefined) return [];
    if (!isWithin(path, embeddedSpecPath) && (holdsIt || !isWithin(embeddedSpecPath, path))) return [];
    const reason = `${quoted(path)} is in the place of ${embeddedSpecPath}, which is made for \`embedSpec\``;
    const remedy = 'Choose another path, or remove `embedSpec`.';
    return [specError(place, { code: 'spec.contradiction', reason, remedy })];
  };
  return [
    ...outline.files.flatMap((file, index) => errorOf(file?.path, ['files', index, 'path'], false)),
    ...outline.directories.flatMap((folder, index) => errorOf(folder?.path, ['directories', index, 'path'], true)),
  ];
}
