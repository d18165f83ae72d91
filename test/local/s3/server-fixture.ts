import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import type { Clock } from '../../../core/ports/clock.ts';
import { type S3Server, startS3Server } from '../../../local/s3/server.ts';
import { keys } from './signed-request.ts';

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: () => Promise.reject(new Error('the server never sleeps')),
};

/** An SDK client as its user makes it, with the SDK's own defaults. */
export function connect(endpoint: string): S3Client {
  return new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: keys });
}

/** Starts a server on a directory of its own before the file's tests, and ends it after them. */
export function useServer(): { readonly server: S3Server; readonly client: S3Client; readonly directory: string } {
  let directory = '';
  let server: S3Server | undefined;
  let client: S3Client | undefined;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lb-s3-'));
    server = await startS3Server({ directory, ...keys, clock: systemClock });
    client = connect(server.endpoint);
  });
  afterAll(async () => {
    client?.destroy();
    await server?.close();
    await rm(directory, { recursive: true });
  });
  return {
    get server() {
      if (server === undefined) throw new Error('the server is not started');
      return server;
    },
    get client() {
      if (client === undefined) throw new Error('the server is not started');
      return client;
    },
    get directory() {
      return directory;
    },
  };
}
