import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createPackageFiles } from '../../adapters/archive/package-files.ts';

/** An archive that has what its paths say. */
async function withArchive(use: (url: string, asked: string[]) => Promise<void>): Promise<void> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const path = request.url ?? '';
    response.writeHead(path.includes('gone') ? 404 : path.includes('broken') ? 500 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const info = { size: 1, modifiedAt: new Date(0) };

it('tells of files that neither cache nor archive has, and of none of which that cannot be told', () =>
  withArchive(async (url, asked) => {
    const files = createPackageFiles({
      blobs: { head: async ({ path }) => (path === 'packages/stored' ? info : undefined) },
      addresses: { debian: { archive: `${url}/debian/` }, ubuntu: { archive: undefined, security: `${url}/ubuntu` } },
      snapshot: `${url}/old/{archive}/{timestamp}`,
      inFolder: async (sha256) => sha256 === 'shared',
    });
    const at = (path: string) => `${url}${path}`;
    const given = [
      { sha256: 'stored', address: at('/debian/gone-stored.deb') },
      { sha256: 'shared', address: at('/debian/gone-shared.deb') },
      { sha256: 'there', address: at('/debian/there.deb') },
      { sha256: 'gone', address: at('/debian/gone.deb') },
      { sha256: 'broken', address: at('/debian/broken.deb') },
      { sha256: 'old', address: at('/old/debian/20261101T000000Z/gone.deb') },
      { sha256: 'other', address: at('/ubuntu/gone.deb') },
      { sha256: 'elsewhere', address: at('/debian-of-others/gone.deb') },
    ];
    expect([...(await files.gone(given, 'service'))].sort()).toEqual(['gone', 'old', 'other']);
    // What runs a tenant's code does not reach the folder.
    expect([...(await files.gone(given, 'tenant'))].sort()).toEqual(['gone', 'old', 'other', 'shared']);
    expect(asked.filter((line) => !/^HEAD \/(debian|ubuntu|old)\//.test(line))).toEqual([]);
    expect(asked.join()).not.toContain('stored');
  }));

it('tells of nothing where the archive is away', async () => {
  const files = createPackageFiles({
    blobs: { head: async () => undefined },
    addresses: { debian: { archive: 'http://127.0.0.1:9/debian' } },
  });
  expect(await files.gone([{ sha256: 'x', address: 'http://127.0.0.1:9/debian/x.deb' }], 'service')).toEqual([]);
});
