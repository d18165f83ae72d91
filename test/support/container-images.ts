import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** What is read of an image's configuration. */
export const imageConfigSchema = z.strictObject({
  created: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  os: z.literal('linux'),
  config: z.record(z.string(), z.unknown()),
  rootfs: z.strictObject({ type: z.literal('layers'), diff_ids: z.array(z.string()) }),
  history: z.array(z.strictObject({ created: z.string(), created_by: z.string() })),
});

/** The configuration of an image as skopeo reads it. @param place such as `oci-archive:FILE` */
export function imageConfigOf(place: string): z.infer<typeof imageConfigSchema> {
  const text = execFileSync('skopeo', ['inspect', '--config', '--raw', place], { encoding: 'utf8' });
  return imageConfigSchema.parse(JSON.parse(text));
}

const descriptorSchema = z.looseObject({ mediaType: z.string(), digest: z.string(), size: z.number() });
/** Manifest of an OCI image. */
export const imageManifestSchema = z.strictObject({
  schemaVersion: z.literal(2),
  mediaType: z.string(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  annotations: z.record(z.string(), z.string()),
});
/** The list of images in an OCI layout. */
export const imageIndexSchema = z.strictObject({
  schemaVersion: z.literal(2),
  mediaType: z.string(),
  manifests: z.tuple([descriptorSchema]),
});

const runArguments = [
  ...['run', '--rm', '--pull', 'never', '--network', 'none'],
  // Where the machine lacks CAP_SYS_RESOURCE, the default limits cannot be set.
  ...['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=1024:4096'],
];

/** An image store of podman's in a folder of its own: nothing of the machine's is seen or left behind. */
export class PodmanStore {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lbuild-podman-'));

  constructor() {
    for (const part of ['storage', 'run', 'tmp']) mkdirSync(join(this.#folder, part));
  }

  /** Runs podman; answers what it wrote. */
  run(...args: readonly string[]): string {
    const at = (part: string) => join(this.#folder, part);
    const store = [
      '--root',
      at('storage'),
      '--runroot',
      at('run'),
      '--tmpdir',
      at('tmp'),
      '--storage-driver',
      'overlay',
    ];
    return execFileSync('podman', [...store, '--cgroup-manager', 'cgroupfs', '--runtime', 'runc', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: at('tmp') },
    });
  }

  /** Runs a command in a container of an image, without a network; the container is gone afterwards. */
  inContainer(image: string, ...command: readonly string[]): string {
    return this.run(...runArguments, image, ...command);
  }

  /** As inContainer, by a shell in place of what the image starts. */
  inShell(image: string, script: string): string {
    return this.run(...runArguments, '--entrypoint', '/bin/sh', image, '-c', script);
  }

  close(): void {
    this.run('image', 'unmount', '--all');
    this.run('rmi', '--all', '--force');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
