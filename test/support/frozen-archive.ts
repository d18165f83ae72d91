import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The main suites of an archive as they were when each file was asked for first, on loopback. */
export interface FrozenArchive {
  /** In place of the archive's address. */
  readonly url: string;
  /** Address of its states by time, all of which are that one. */
  readonly snapshots: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** Suites whose InRelease ends after some days: rightly refused 40 days on. The release's own has no end. */
const expiring = /\/dists\/[^/]+-(?:updates|security|backports)\//;

/**
 * Serves an archive that does not change any more: each file is taken from the real one once and given out as it was
 * from then on. It has no suite that expires.
 * @param upstream base address of the archive that it stands for
 */
export async function startFrozenArchive(upstream: string): Promise<FrozenArchive> {
  const known = new Map<string, Promise<Answer>>();
  const take = async (path: string): Promise<Answer> => {
    if (expiring.test(path)) return { status: 404, body: Buffer.alloc(0) };
    const response = await fetch(`${upstream}${path}`);
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').replace(/^\/snapshots\/[^/]+\/[^/]+/, '');
    const answer = known.get(path) ?? take(path);
    known.set(path, answer);
    answer.then(
      ({ status, body }) => response.writeHead(status, { 'content-length': body.length }).end(body),
      () => {
        known.delete(path);
        response.destroy();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    snapshots: `${url}/snapshots/{archive}/{timestamp}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
