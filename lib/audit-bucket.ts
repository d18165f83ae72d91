import { Duration } from 'aws-cdk-lib';
import { Bucket, type IBucket, ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { abortIncomplete, closedBucket } from './blob-buckets.ts';

export interface AuditBucketProps {
  /** Days for which nobody can change or delete a file, the account's root included. */
  readonly retentionDays: number;
  readonly accessLogs: IBucket;
}

/**
 * Where copies of audit logs are kept from everybody: object lock in compliance mode. It outlives the stack, and cannot
 * be deleted before the last file's time is over.
 */
export class AuditBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { retentionDays, accessLogs }: AuditBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      ...closedBucket,
      versioned: true,
      objectLockEnabled: true,
      objectLockDefaultRetention: ObjectLockRetention.compliance(Duration.days(retentionDays)),
      // Nothing expires by itself: what is to go when its time is over is for the operator to say.
      lifecycleRules: [abortIncomplete],
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: 'audit/',
    });
  }
}
