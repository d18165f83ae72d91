import { z } from 'zod';
import { layerCompressions } from '../../spec/container-images.ts';
import type { ProgramDeclaration } from './program.ts';

/** What both forms of a container image are made of. */
const image = {
  fileName: z.string().describe('Name of the artifact.'),
  layers: z
    .array(z.string())
    .min(1)
    .describe('Steps whose layers it stacks, lowest first. Their ids stand in the history of the image.'),
  name: z.string().describe('Name of the image, without a tag.'),
  tag: z.string().describe('Tag of the image.'),
  entrypoint: z.array(z.string()).describe('Words of the command that a container always runs.'),
  cmd: z.array(z.string()).describe('Words of the default command, or of the arguments of the entrypoint.'),
  env: z.record(z.string(), z.string()).describe('Environment variables.'),
  user: z.string().optional().describe('User, or USER:GROUP; root where absent.'),
  workdir: z.string().optional().describe('Folder that a container starts in.'),
  exposedPorts: z.array(z.string()).describe('Ports with their protocols, sorted.'),
  labels: z.record(z.string(), z.string()).describe('Labels of the image.'),
};

/** Declaration of `oci`: a container image as an OCI image layout in a tar archive. */
export const oci = {
  name: 'oci',
  version: 1,
  summary: 'Makes a container image in OCI form of the layers',
  trust: 'seal',
  produces: 'artifact',
  reads: 'layers',
  labels: ['fileName'],
  hostTools: ['tar'],
  timeoutSeconds: 3_600,
  options: z.strictObject({ ...image, compression: z.enum(layerCompressions).describe('Of the layers.') }),
} as const satisfies ProgramDeclaration;

/** Declaration of `docker`: a container image as an archive for `docker load`. */
export const docker = {
  name: 'docker',
  version: 1,
  summary: 'Makes a container image for docker load of the layers',
  trust: 'seal',
  produces: 'artifact',
  reads: 'layers',
  labels: ['fileName'],
  hostTools: ['tar'],
  timeoutSeconds: 3_600,
  options: z.strictObject(image),
} as const satisfies ProgramDeclaration;
