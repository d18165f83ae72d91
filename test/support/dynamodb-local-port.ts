import { connect, createServer, type Socket } from 'node:net';
import type { DynamoDbLocal } from './dynamodb-local.ts';
import { type Loopback, onLoopback } from './loopback.ts';

/**
 * Opens a way to DynamoDB Local by a port of loopback, for programs that cannot be told of its UNIX socket: `url` is what
 * AWS_ENDPOINT_URL_DYNAMODB is to be.
 */
export async function reachByPort({ socket }: Pick<DynamoDbLocal, 'socket'>): Promise<Loopback> {
  const ways = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(socket);
    ways.add(near);
    near.on('close', () => ways.delete(near));
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy()).pipe(near);
  });
  const loopback = await onLoopback(server);
  return {
    ...loopback,
    async close() {
      for (const way of ways) way.destroy();
      await loopback.close();
    },
  };
}
