import { createReadStream, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';

/** A web server on loopback, of the files of one folder and of no others. */
export interface ServedFolder {
  readonly port: number;
  /** Methods and names that were asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Serves the files of a folder, which may come into it later, at a free port of 127.0.0.1. */
export async function serveFolder(folder: string): Promise<ServedFolder> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = basename(request.url ?? '');
    const known = readdirSync(folder).includes(name);
    asked.push(`${request.method} ${name}`);
    response.writeHead(known ? 200 : 404, known ? { 'content-length': statSync(join(folder, name)).size } : {});
    if (known && request.method === 'GET') createReadStream(join(folder, name)).pipe(response);
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    port: address.port,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
