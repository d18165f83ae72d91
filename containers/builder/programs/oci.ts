/**
 * oci: makes a container image as an OCI image layout in a tar archive, a layer a step.
 *
 *   fileName: edge-web.oci.tar      Required.
 *   layers: [bootstrap, packages]   Required: the steps whose layers it stacks, lowest first.
 *   compression: gzip               Required: of the layers; gzip, or zstd, in which they are stored.
 *   name: edge-web                  Required, with tag: what the image is called when it is loaded.
 *   tag: latest
 *   entrypoint: []                  Required, as cmd, env, exposedPorts and labels: how a container starts.
 *   user: www-data                  Optional, as workdir.
 *
 * It needs no tree. With zstd the stored tars are taken as they are, each behind the folders that it lacks; with gzip
 * they are compressed anew. Equal layers and options give equal bytes.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { oci as declaration } from '../../../core/plan/programs/oci.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { gzip, zstd } from './container/encoding.ts';
import { packImage } from './container/image-archive.ts';
import { createdAt, imageConfig, json, platformOf } from './container/image-config.ts';
import { writeImageLayers } from './container/image-layers.ts';

type Options = OptionsOf<typeof declaration>;
type Context = ProgramContext<Options>;

const annotationPrefix = 'org.opencontainers.image.';
const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

/** What is known of the image: when it was made, its title, and what the labels say in OCI's own words. */
function annotationsOf(context: Context): Record<string, string> {
  const { name, labels } = context.options;
  const known = {
    [`${annotationPrefix}created`]: createdAt(context.sourceDateEpoch),
    [`${annotationPrefix}title`]: name.slice(name.lastIndexOf('/') + 1),
    ...Object.fromEntries(Object.entries(labels).filter(([label]) => label.startsWith(annotationPrefix))),
  };
  return Object.fromEntries(Object.entries(known).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function run(context: Context): Promise<ProgramOutcome> {
  const { compression, name, tag, fileName } = context.options;
  const layout = join(context.scratch, 'layout');
  const blobs = join(layout, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const addBlob = async (mediaType: string, bytes: Buffer) => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, digest), bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const layers = await writeImageLayers(context, compression === 'gzip' ? gzip : zstd, blobs);
  const config = await addBlob(mediaTypes.config, imageConfig(context, layers));
  const manifest = await addBlob(
    mediaTypes.manifest,
    json({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config,
      layers: layers.map(({ digest, size }) => ({
        mediaType: mediaTypes[compression],
        digest: `sha256:${digest}`,
        size,
      })),
      annotations: annotationsOf(context),
    }),
  );
  // By the first, containerd and podman know the whole name; the second is the tag in OCI's own words.
  const names = { 'io.containerd.image.name': `${name}:${tag}`, [`${annotationPrefix}ref.name`]: tag };
  const entry = { ...manifest, platform: platformOf(context.architecture), annotations: names };
  await writeFile(
    join(layout, 'index.json'),
    json({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [entry] }),
  );
  await writeFile(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  const file = join(context.outputs, 'image.oci.tar');
  await packImage(context, layout, ['blobs', 'index.json', 'oci-layout'], file);
  return {
    artifact: { file, name: fileName, mediaType: 'application/x-tar' },
    facts: { layers: String(layers.length), manifest: manifest.digest },
  };
}

export const oci: StepProgram<typeof declaration.options> = { declaration, run };
