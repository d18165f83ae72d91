import { z } from 'zod';
import { imageFields, layerCompressions, type ResolvedImage, resolveImage } from './container-images.ts';
import { diskOutputSchemas, type ResolvedDisk } from './disk-images.ts';
import { labelField, labelOf } from './volume-labels.ts';

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

/** An output to make; each member's `type` is one of `outputTypes`. */
export const outputSchema = z
  .discriminatedUnion('type', [
    isoOutputSchema,
    ...diskOutputSchemas,
    tarOutputSchema,
    ociOutputSchema,
    dockerOutputSchema,
  ])
  .describe('An output to make of the image.');

/** An output with its label, or its image's name, filled in. */
export type ResolvedOutput =
  | { readonly type: 'iso'; readonly label: string }
  | ResolvedDisk
  | { readonly type: 'tar' }
  | ({ readonly type: 'oci'; readonly compression: (typeof layerCompressions)[number] } & ResolvedImage)
  | ({ readonly type: 'docker' } & ResolvedImage);

/** Fills the defaults of an output that depend on the name of the spec. */
export function resolveOutput(specName: string, output: z.output<typeof outputSchema>): ResolvedOutput {
  switch (output.type) {
    case 'tar':
      return output;
    case 'oci':
    case 'docker':
      return resolveImage(specName, output);
    case 'iso':
      return { ...output, label: output.label ?? labelOf(specName, 'iso9660') };
    default:
      return { ...output, label: output.label ?? labelOf(specName, 'ext4') };
  }
}
