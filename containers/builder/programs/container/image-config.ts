import type { oci } from '../../../../core/plan/programs/oci.ts';
import type { OptionsOf, ProgramContext } from '../../contract.ts';
import type { LayerBlob } from './layer-blob.ts';

/** What both forms of a container image are made of. */
export type ImageOptions = Omit<OptionsOf<typeof oci>, 'compression'>;

/** What Debian's own images set, and what runtimes set where an image does not. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The source date as RFC 3339. */
export function createdAt(sourceDateEpoch: number): string {
  return new Date(sourceDateEpoch * 1_000).toISOString().replace('.000Z', 'Z');
}

/** The platform as OCI names it. */
export function platformOf(architecture: 'amd64' | 'arm64') {
  return { architecture, os: 'linux', ...(architecture === 'arm64' ? { variant: 'v8' } : {}) };
}

function sorted<Value>(record: Readonly<Record<string, Value>>): [name: string, value: Value][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * The configuration of an image (OCI image specification, config.md; Docker reads the same): how a container is
 * started, and the layers with the steps that made them. Equal options and layers give equal bytes.
 */
export function imageConfig(
  context: Pick<ProgramContext<ImageOptions>, 'options' | 'architecture' | 'sourceDateEpoch'>,
  layers: readonly LayerBlob[],
): Buffer {
  const { user, workdir, env, entrypoint, cmd, exposedPorts, labels } = context.options;
  const created = createdAt(context.sourceDateEpoch);
  const variables = sorted({ PATH: defaultPath, ...env }).map(([name, value]) => `${name}=${value}`);
  // What is undefined is left out.
  const config = {
    User: user,
    ExposedPorts: exposedPorts.length === 0 ? undefined : Object.fromEntries(exposedPorts.map((port) => [port, {}])),
    Env: variables,
    Entrypoint: entrypoint.length === 0 ? undefined : entrypoint,
    Cmd: cmd.length === 0 ? undefined : cmd,
    WorkingDir: workdir ?? '/',
    Labels: Object.keys(labels).length === 0 ? undefined : Object.fromEntries(sorted(labels)),
  };
  return json({
    created,
    ...platformOf(context.architecture),
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => `sha256:${diffId}`) },
    history: layers.map(({ step }) => ({ created, created_by: `lbuild step ${step}` })),
  });
}

/** A document as it stands in an image. */
export function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
