import { z } from 'zod';
import { imageFields, layerCompressions, type ResolvedImage, resolveImage } from './container-images.ts';
import { diskOutputSchemas, type ResolvedDisk } from './disk-images.ts';
import { folderUrl, netbootFields } from './netboot.ts';
import { labelField, labelOf } from './volume-labels.ts';
import { wslFields } from './wsl.ts';

const isoOutputSchema = z
  .strictObject({
    type: z.literal('iso').describe('Live ISO image that boots with BIOS and UEFI, from disc and from USB.'),
    label: labelField('iso9660').describe('Volume label. Omitted: the name of the spec in upper case.'),
  })
  .describe('An ISO image.');

const ociOutputSchema = z
  .strictObject({
    type: z.literal('oci').describe('Container image as an OCI image layout in a tar archive.'),
    compression: z
      .enum(layerCompressions)
      .default('gzip')
      .describe('Compression of the layers: gzip, which every runtime reads, or zstd, which is made and read faster.'),
    ...imageFields,
  })
  .describe('A container image in OCI form.');

const dockerOutputSchema = z
  .strictObject({
    type: z.literal('docker').describe('Container image as an archive for `docker load`, with layers as plain tar.'),
    ...imageFields,
  })
  .describe('A container image in the form of Docker.');

const tarOutputSchema = z
  .strictObject({ type: z.literal('tar').describe('The file tree as a tar archive, compressed with zstd.') })
  .describe('A tar archive.');

const netbootOutputSchema = z
  .strictObject({
    type: z
      .literal('netboot')
      .describe(
        'Kernel, initial RAM file system, tree and a script of iPXE, for machines that start from the network.',
      ),
    ...netbootFields,
  })
  .describe('A network boot.');

const wslOutputSchema = z
  .strictObject({
    type: z.literal('wsl').describe('Distribution for the Windows Subsystem for Linux (WSL 2).'),
    ...wslFields,
  })
  .describe('A distribution for WSL.');

/** An output to make; each member's `type` is one of `outputTypes`. */
export const outputSchema = z
  .discriminatedUnion('type', [
    isoOutputSchema,
    ...diskOutputSchemas,
    tarOutputSchema,
    ociOutputSchema,
    dockerOutputSchema,
    netbootOutputSchema,
    wslOutputSchema,
  ])
  .describe('An output to make of the image.');

/** An output with its label, or its image's name, filled in. */
export type ResolvedOutput =
  | { readonly type: 'iso'; readonly label: string }
  | ResolvedDisk
  | { readonly type: 'tar' }
  | ({ readonly type: 'oci'; readonly compression: (typeof layerCompressions)[number] } & ResolvedImage)
  | ({ readonly type: 'docker' } & ResolvedImage)
  | {
      readonly type: 'netboot';
      /** With a slash at its end. */
      readonly baseUrl?: string | undefined;
      readonly compressionLevel?: number | undefined;
    }
  | { readonly type: 'wsl'; readonly defaultUser?: string | undefined };

/** Fills the defaults of an output that depend on the name of the spec. */
export function resolveOutput(specName: string, output: z.output<typeof outputSchema>): ResolvedOutput {
  switch (output.type) {
    case 'tar':
    case 'wsl':
      return output;
    case 'netboot':
      return output.baseUrl === undefined ? output : { ...output, baseUrl: folderUrl(output.baseUrl) };
    case 'oci':
    case 'docker':
      return resolveImage(specName, output);
    case 'iso':
      return { ...output, label: output.label ?? labelOf(specName, 'iso9660') };
    default:
      return { ...output, label: output.label ?? labelOf(specName, 'ext4') };
  }
}
