/**
 * docker: makes a container image as an archive for `docker load` and `podman load`, a layer a step.
 *
 *   fileName: edge-web.docker.tar   Required. All else as of oci, whose layers are the same tars; here they are plain.
 *
 * It needs no tree. Equal layers and options give equal bytes.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { docker as declaration } from '../../../core/plan/programs/oci.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { plain } from './container/encoding.ts';
import { packImage } from './container/image-archive.ts';
import { imageConfig, json } from './container/image-config.ts';
import { writeImageLayers } from './container/image-layers.ts';

type Options = OptionsOf<typeof declaration>;

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { name, tag, fileName } = context.options;
  const content = join(context.scratch, 'image');
  await mkdir(join(content, 'layers'), { recursive: true });
  const layers = await writeImageLayers(context, plain, join(content, 'layers'));
  const config = imageConfig(context, layers);
  const configName = `${createHash('sha256').update(config).digest('hex')}.json`;
  await writeFile(join(content, configName), config);
  const entry = {
    Config: configName,
    RepoTags: [`${name}:${tag}`],
    Layers: layers.map(({ digest }) => `layers/${digest}`),
  };
  await writeFile(join(content, 'manifest.json'), json([entry]));
  const file = join(context.outputs, 'image.docker.tar');
  await packImage(context, content, [configName, 'layers', 'manifest.json'], file);
  return {
    artifact: { file, name: fileName, mediaType: 'application/x-tar' },
    facts: { layers: String(layers.length) },
  };
}

export const docker: StepProgram<typeof declaration.options> = { declaration, run };
