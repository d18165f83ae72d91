import { ArnPrincipal, CompositePrincipal, type IRole, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allowByWildcard } from './acknowledge.ts';
import type { BlobBuckets } from './blob-buckets.ts';

export interface PresignRoleProps {
  readonly buckets: BlobBuckets;
  /** Roles of the functions that sign. */
  readonly signers: readonly IRole[];
}

/**
 * The role whose sessions sign URLs, assumed for the purpose: a URL can do no more than this role, whoever signs, and
 * lives no longer than its session. Builders put only where attempts put, under staging/ and logs/, and what is named
 * after the digest that S3 itself verifies, under packages/; users put such things under uploads/.
 */
export class PresignRole extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, props: PresignRoleProps) {
    super(scope, id);
    const { work, artifacts } = props.buckets;
    const reason = 'A signature names one object; its name is a digest or an id that no policy can foretell.';
    this.role = new Role(this, 'Role', {
      assumedBy: new CompositePrincipal(...props.signers.map((signer) => new ArnPrincipal(signer.roleArn))),
      description: 'Signs URLs for users and builders',
    });
    allowByWildcard(
      this.role,
      {
        actions: ['s3:GetObject'],
        resources: [
          ...['blobs/*', 'manifests/*', 'packages/*', 'uploads/*'].map((path) => work.arnForObjects(path)),
          artifacts.arnForObjects('*'),
        ],
      },
      reason,
    );
    allowByWildcard(
      this.role,
      {
        actions: ['s3:PutObject'],
        resources: ['staging/*', 'logs/*', 'packages/*', 'uploads/*'].map((path) => work.arnForObjects(path)),
      },
      reason,
    );
    // It begins and completes uploads in parts as well (both are PutObject), and ends those that come to nothing.
    allowByWildcard(
      this.role,
      { actions: ['s3:AbortMultipartUpload'], resources: [work.arnForObjects('staging/*')] },
      reason,
    );
  }
}
