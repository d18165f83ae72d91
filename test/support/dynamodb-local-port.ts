import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { DynamoDbLocal } from './dynamodb-local.ts';

/** A way to DynamoDB Local by a port of loopback, for programs that cannot be told of its UNIX socket. */
export interface DynamoDbPort {
  /** What AWS_ENDPOINT_URL_DYNAMODB is to be. */
  readonly url: string;
  close(): void;
}

/** Opens a port that leads to the socket. */
export async function reachByPort({ socket }: Pick<DynamoDbLocal, 'socket'>): Promise<DynamoDbPort> {
  const server = createServer((near) => {
    const far = connect(socket);
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy()).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, close: () => void server.close() };
}
