import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  HttpMethods,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { storeCorsPolicy } from '../core/wiring/cors.ts';
import { acknowledge } from './acknowledge.ts';

/** What every bucket of the engine is: nobody's but the engine's, and kept when the stack goes. */
export const closedBucket = {
  encryption: BucketEncryption.S3_MANAGED,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  removalPolicy: RemovalPolicy.RETAIN,
} as const satisfies BucketProps;

/** An upload that is not complete after a day belongs to a builder that is gone. */
export const abortIncomplete = {
  id: 'abort-incomplete-uploads',
  abortIncompleteMultipartUploadAfter: Duration.days(1),
};

/** Lets pages use signed addresses. */
const pageRule = {
  allowedOrigins: [storeCorsPolicy.origin],
  allowedMethods: storeCorsPolicy.methods.map((method) => HttpMethods[method]),
  allowedHeaders: [...storeCorsPolicy.requestHeaders],
  exposedHeaders: [...storeCorsPolicy.exposedHeaders],
  maxAge: storeCorsPolicy.maxAgeSeconds,
};

/** The stores: `work` between builders and engine, `artifacts` for users, and who read from them. All outlive the stack. */
export class BlobBuckets extends Construct {
  readonly work: Bucket;
  readonly artifacts: Bucket;
  /** Who read what, of all buckets. */
  readonly accessLogs: IBucket;

  /** @param props.pages whether pages of other origins may call the API */
  constructor(scope: Construct, id: string, props: { readonly pages: boolean }) {
    super(scope, id);
    const cors = props.pages ? { cors: [pageRule] } : {};
    // The CDK's classes fit its own interfaces only without exactOptionalPropertyTypes: hence `as`, here and elsewhere.
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...closedBucket,
      lifecycleRules: [abortIncomplete, { id: 'expire', expiration: Duration.days(90) }],
    }) as IBucket;
    this.accessLogs = accessLogs;
    acknowledge(accessLogs, { 'AwsSolutions-S1': 'It holds the access logs; logging it into itself would never end.' });
    // No versions: a log object is rewritten each second, and everything else is written once under its digest.
    this.work = new Bucket(this, 'Work', {
      ...{ ...closedBucket, ...cors },
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: 'work/',
      lifecycleRules: [
        abortIncomplete,
        // An attempt's uploads are promoted by copy when its stage is settled, and no stage runs for two days.
        { id: 'expire-staging', prefix: 'staging/', expiration: Duration.days(2) },
        // An archive's new state replaces what was kept of the old; what is still used is kept again by its next use.
        { id: 'expire-packages', prefix: 'packages/', expiration: Duration.days(30) },
        // A manifest serves one attempt; the ticket in it dies with that.
        { id: 'expire-manifests', prefix: 'manifests/', expiration: Duration.days(7) },
      ],
    });
    // Versions here undo a deletion by mistake for a week; then deleted means deleted.
    this.artifacts = new Bucket(this, 'Artifacts', {
      ...{ ...closedBucket, ...cors },
      versioned: true,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: 'artifacts/',
      lifecycleRules: [abortIncomplete, { id: 'expire-deleted', noncurrentVersionExpiration: Duration.days(7) }],
    });
  }

  /** Lets nobody but one role write below a path of the work store, whatever rights it has, and nobody delete there. */
  keepFor(prefix: string, writer: IRole): void {
    const deny = (sid: string, actions: string[], conditions?: Record<string, unknown>): void => {
      this.work.addToResourcePolicy(
        new PolicyStatement({
          ...{ sid, effect: Effect.DENY, principals: [new AnyPrincipal()], actions },
          resources: [this.work.arnForObjects(`${prefix}*`)],
          ...(conditions === undefined ? {} : { conditions }),
        }),
      );
    };
    deny('KeepFromDeletion', ['s3:DeleteObject', 's3:DeleteObjectVersion']);
    deny('KeepFromOthers', ['s3:PutObject'], { ArnNotEquals: { 'aws:PrincipalArn': writer.roleArn } });
  }
}
