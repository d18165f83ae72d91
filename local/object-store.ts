import { S3Client } from '@aws-sdk/client-s3';
import { createAuditArchive } from '../adapters/s3/audit-archive.ts';
import { createS3Blobs } from '../adapters/s3/s3-blobs.ts';
import { largestObject } from '../core/builds/parts.ts';
import type { AuditArchive } from '../core/ports/audit-archive.ts';
import type { Blobs } from '../core/ports/blobs.ts';
import type { Clock } from '../core/ports/clock.ts';
import { startS3Server } from './s3/server.ts';
import type { Secrets } from './secrets.ts';

/** Names of the buckets on this machine's own object store. */
const buckets = { work: 'work', artifacts: 'artifacts' } as const;

export interface LocalObjects {
  readonly blobs: Blobs;
  /** A bucket like any other here: no lock keeps it from the folder's owner. */
  readonly auditArchive: AuditArchive;
  /** File of an object in the work bucket, to be linked: never to be written. @throws Error where it is absent. */
  fileOf(path: string): string;
  close(): Promise<void>;
}

/** What S3 takes in parts only, this machine's own store takes whole: there it is a link. */
const largestSingle = largestObject;

/** Starts this machine's S3 and the one S3 adapter on it. */
export async function openObjects(options: {
  directory: string;
  secrets: Secrets;
  clock: Clock;
  /** The file that a builder of this machine hands over for an object of the work bucket. */
  handedOver?: (path: string, name: string) => string | undefined;
  /** Whether pages of other origins may use signed addresses; false unless given. */
  pages?: boolean;
}): Promise<LocalObjects> {
  const { secrets, clock } = options;
  const server = await startS3Server({
    directory: options.directory,
    accessKeyId: secrets.s3AccessKeyId,
    secretAccessKey: secrets.s3SecretAccessKey,
    clock,
    limits: { largestSingle },
    pages: options.pages === true,
    handedOver: ({ bucket, key }, name) => (bucket === buckets.work ? options.handedOver?.(key, name) : undefined),
  });
  const client = new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: secrets.s3AccessKeyId, secretAccessKey: secrets.s3SecretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  return {
    blobs: createS3Blobs({ client, buckets, clock, largestSingle }),
    auditArchive: createAuditArchive({ client, bucket: 'audit', clock }),
    fileOf: (path) => server.fileOf({ bucket: buckets.work, path }),
    close: async () => {
      client.destroy();
      await server.close();
    },
  };
}
