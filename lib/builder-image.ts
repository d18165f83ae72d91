import { fileURLToPath } from 'node:url';
import { IgnoreMode } from 'aws-cdk-lib';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

export interface BuilderImageProps {
  readonly architecture: 'amd64' | 'arm64';
  /** Base address of the archive that the builder root's packages come from. */
  readonly archive: string;
}

const repository = fileURLToPath(new URL('..', import.meta.url));
/** What the image is made of; all else stays out of the build and of its digest. */
const context = ['containers/builder', 'core', 'adapters/network', 'package.json'];

/**
 * The container image of builders: the builder root and the agent. Synthesis only takes its digest; Docker builds it
 * when the stack is deployed.
 */
export class BuilderImage extends Construct {
  readonly uri: string;
  /** Digest of all that the image is made from: the engine's `toolchain`. */
  readonly toolchain: string;
  private readonly asset: DockerImageAsset;

  constructor(scope: Construct, id: string, props: BuilderImageProps) {
    super(scope, id);
    this.asset = new DockerImageAsset(this, 'Image', {
      directory: repository,
      file: 'containers/builder/Dockerfile',
      platform: props.architecture === 'arm64' ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
      buildArgs: { ARCHIVE: props.archive },
      ignoreMode: IgnoreMode.DOCKER,
      exclude: ['*', ...context.map((path) => `!${path}`)],
    });
    this.uri = this.asset.imageUri;
    this.toolchain = this.asset.assetHash;
  }

  /** Lets ECS pull the image. */
  grantPull(grantee: IGrantable): void {
    this.asset.repository.grantPull(grantee);
  }
}
