import { z } from 'zod';
import { archivePackageSchema, mostArchivePackages } from '../plan/programs/archive-package.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * One path of a layer. `path` is relative to the tree's root, without a leading slash, never `.` or with `..`
 * segments; bytes that are no UTF-8 are written as `\xNN`, and a backslash as `\\`.
 */
export const layerEntrySchema = z.strictObject({
  path: z.string().min(1).max(4096),
  type: z.enum(['file', 'directory', 'symlink', 'hardlink', 'character', 'block', 'fifo', 'whiteout']),
  mode: z
    .number()
    .int()
    .min(0)
    .max(0o7777)
    .optional()
    .describe('As owner, times and attributes: of a hard link, those of its file.'),
  uid: z.number().int().min(0).optional(),
  gid: z.number().int().min(0).optional(),
  size: z.number().int().min(0).optional().describe('Bytes, of a file.'),
  mtime: z.number().int().optional().describe('Epoch seconds, clamped to the plan’s source date.'),
  digest: digest.optional().describe('SHA-256 of the content, of a file.'),
  target: z.string().optional().describe('Of a symlink: its text. Of a hard link: the path it repeats.'),
  device: z.tuple([z.number().int(), z.number().int()]).optional().describe('Major and minor number.'),
  xattrs: z.record(z.string(), z.string()).optional().describe('Name to value in base64.'),
});
export type LayerEntry = z.infer<typeof layerEntrySchema>;

/** A package as dpkg's database has it. Indexes that were made before there was evidence have only the first four. */
const packageStanzaSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  status: z.string(),
  source: z.string().max(200).optional().describe('Source package that it was built of.'),
  sourceVersion: z.string().max(200).optional(),
  licences: z
    .array(z.string().max(100))
    .max(40)
    .optional()
    .describe('Short names of its copyright file, where this layer brings that file and it is in DEP-5 form.'),
});
export type PackageStanza = z.infer<typeof packageStanzaSchema>;

/** First line of an index; the entries follow, one JSON document a line, sorted by path in bytes. zstd-compressed. */
export const layerIndexHeaderSchema = z.strictObject({
  format: z.literal('lbuild-layer-index/1'),
  step: z.string(),
  entries: z.number().int().min(0),
  packages: z
    .array(packageStanzaSchema)
    .optional()
    .describe('Package stanzas, where the step changed the package database: the whole state after it.'),
  taken: z
    .array(archivePackageSchema)
    .max(mostArchivePackages)
    .optional()
    .describe('Of a step that takes packages from archives: which, by archive, suite, name and architecture.'),
  inputs: z
    .strictObject({
      paths: z.array(z.string().max(4096)).max(50_000).describe('Files that it holds a copy of, relative to the root.'),
      names: z.array(z.string().max(255)).max(20_000).describe('Words of its hooks, which may look for such a file.'),
      folders: z.array(z.string().max(4096)).max(2_000).describe('Folders whose files its hooks take by pattern.'),
    })
    .optional()
    .describe('Of an initramfs: what it read, so that a later step can tell whether it must be made again.'),
});
export type LayerIndexHeader = z.infer<typeof layerIndexHeaderSchema>;
