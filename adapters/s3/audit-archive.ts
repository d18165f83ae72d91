import type { S3Client } from '@aws-sdk/client-s3';
import type { AuditArchive } from '../../core/ports/audit-archive.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { createS3Blobs } from './s3-blobs.ts';

/**
 * A bucket of its own. How long it keeps what is written is the bucket's default (lib/audit-bucket.ts), which no writer
 * can lower; S3 asks for a checksum with each object that it is to lock, and the store sends one.
 */
export function createAuditArchive({
  client,
  bucket,
  clock,
}: {
  readonly client: S3Client;
  readonly bucket: string;
  readonly clock: Clock;
}): AuditArchive {
  const store = createS3Blobs({ client, buckets: { work: bucket, artifacts: bucket }, clock });
  return {
    async names(prefix, cursor) {
      const { paths, ...more } = await store.list('work', prefix, cursor);
      return { names: paths, ...more };
    },
    async put(name, body) {
      await store.put({ bucket: 'work', path: name }, body, { contentType: 'application/x-ndjson', ifAbsent: true });
    },
  };
}
