import { realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { sha256 } from '../core/digest.ts';
import { EngineError } from '../core/errors.ts';

/**
 * Makes this process the only engine of a folder. The lock is a socket in Linux's abstract name space (unix(7)): the
 * kernel frees it when the process ends, however it ends, so no stale lock is ever in the way.
 * @throws EngineError configuration.invalid where another engine holds the folder.
 */
export async function lockInstance(directory: string): Promise<{ release(): Promise<void> }> {
  const name = `\0lbuild-${sha256(realpathSync(directory)).slice(0, 40)}`;
  const server = createServer((socket) => socket.destroy());
  await listen(server, name, directory);
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function listen(server: Server, name: string, directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(taken ? new EngineError('configuration.invalid', `An engine is running in ${directory} already.`) : error);
    });
    server.listen(name, () => resolve());
  });
}
