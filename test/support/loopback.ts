import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';

/** Where a server of a test is reached, and how it is ended with all of its connections. */
export interface Loopback {
  readonly port: number;
  /** By plain http, without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Has a server listen on a free port of loopback. */
export async function onLoopback(server: Server | HttpServer): Promise<Loopback> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    ...{ port: address.port, url: `http://127.0.0.1:${address.port}` },
    async close() {
      if ('closeAllConnections' in server) server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
