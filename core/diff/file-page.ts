import { z } from 'zod';
import { type LayerEntry, layerEntrySchema } from '../builds/layer-index.ts';
import { utf8Length } from '../text.ts';
import { type FileChange, facets, isTimeOnly, visitChanges } from './file-changes.ts';
import type { TreeNode } from './tree.ts';

/** Bytes of the entries of a page: a Lambda answers at most 6 MB, and beside the files there are lists of 1 MB. */
const pageBytes = 3_500_000;

/** Characters of an attribute's value, and of a link, that are shown. */
const longestValue = 200;
const longestTarget = 4_096;

const fileStateSchema = z
  .strictObject({
    type: layerEntrySchema.shape.type.describe('whiteout: in a single layer, what the layer deletes.'),
    mode: z.string().optional().describe('In octal, such as 0755.'),
    uid: z.number().int().optional(),
    gid: z.number().int().optional(),
    size: z.number().int().optional(),
    digest: z.string().optional().describe('SHA-256 of the content.'),
    target: z.string().optional().describe('Of a symlink its text, of a hard link the path that it repeats.'),
    device: z.string().optional().describe('Major and minor number, such as 1:3.'),
    xattrs: z.record(z.string(), z.string()).optional().describe('Name to value in base64, cut after 200 characters.'),
  })
  .meta({ id: 'FileState' });

export const fileChangeSchema = z
  .strictObject({
    path: z.string().describe('From the root, without the first slash; bytes that are no UTF-8 as \\xNN.'),
    differs: z.array(z.enum(facets)).describe('In what it differs; empty of what one of the two does not have.'),
    before: fileStateSchema.optional(),
    after: fileStateSchema.optional(),
  })
  .meta({ id: 'FileChange' });
type FileChangeView = z.infer<typeof fileChangeSchema>;

export const fileCountsSchema = z.strictObject({
  added: z.number().int(),
  removed: z.number().int(),
  changed: z.number().int(),
  onlyTime: z.number().int().describe('Of these only the time differs; they are not listed.'),
});

/** Which part of the changed files is asked for. What two builds differ in stays, so a place in it is a number. */
export interface FilePage {
  readonly limit: number;
  /** Files of the pages before. */
  readonly skip: number;
}

/**
 * The files in which two trees differ: all of them counted, those of the page listed. A page is cut short where it would
 * be too large for an answer.
 * @returns `next`: `skip` of the next page; undefined where no file is left, or none was asked for
 */
export function filePage(before: TreeNode, after: TreeNode, { limit, skip }: FilePage) {
  const counts = { added: 0, removed: 0, changed: 0, onlyTime: 0 };
  const entries: FileChangeView[] = [];
  let place = 0;
  let bytes = 0;
  visitChanges(before, after, (change) => {
    if (isTimeOnly(change)) {
      counts.onlyTime += 1;
      return;
    }
    if (change.before === undefined) counts.added += 1;
    else if (change.after === undefined) counts.removed += 1;
    else counts.changed += 1;
    place += 1;
    // One that would make the page too large ends it, so that the next begins with it.
    if (place !== skip + entries.length + 1 || entries.length >= limit) return;
    const view = fileChangeView(change);
    bytes += utf8Length(JSON.stringify(view));
    if (bytes <= pageBytes || entries.length === 0) entries.push(view);
  });
  const next = skip + entries.length;
  return { counts, entries, next: entries.length > 0 && next < place ? next : undefined };
}

/** A changed file as users see it. Its path is as the index has it: programs need it so, and JSON escapes it. */
export function fileChangeView(change: FileChange): FileChangeView {
  return {
    path: change.path,
    differs: [...change.differs],
    ...(change.before === undefined ? {} : { before: fileState(change.before) }),
    ...(change.after === undefined ? {} : { after: fileState(change.after) }),
  };
}

function fileState(entry: LayerEntry): z.infer<typeof fileStateSchema> {
  const { type, mode, uid, gid, size, digest, target, device, xattrs } = entry;
  return {
    type,
    ...(mode === undefined ? {} : { mode: mode.toString(8).padStart(4, '0') }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(size === undefined ? {} : { size }),
    ...(digest === undefined ? {} : { digest }),
    ...(target === undefined ? {} : { target: target.slice(0, longestTarget) }),
    ...(device === undefined ? {} : { device: device.join(':') }),
    ...(xattrs === undefined ? {} : { xattrs: shownAttributes(xattrs) }),
  };
}

/** At most 20 attributes, with values that are no longer than a list of access rights usually is. */
function shownAttributes(xattrs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(xattrs)
      .slice(0, 20)
      .map(([name, value]) => [name.slice(0, 255), value.slice(0, longestValue)]),
  );
}
