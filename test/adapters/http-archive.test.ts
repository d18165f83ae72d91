import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createHttpArchive } from '../../adapters/archive/http-archive.ts';
import { sha256 } from '../../core/digest.ts';
import { EngineError } from '../../core/errors.ts';
import { archiveStateSchema } from '../../core/plan/archive-state.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { startFakeArchive } from '../support/fake-archive.ts';

type Answer = { status?: number; body?: string | Buffer };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A package archive on loopback that knows these paths only, and counts what it is asked. */
async function archive(answers: Record<string, Answer>): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = answers[request.url ?? ''];
    response.writeHead(answer?.status ?? (answer === undefined ? 404 : 200));
    response.end(answer?.body ?? '');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/debian`, asked };
}

function inRelease(
  codename: string,
  digit: string,
  head = '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n',
): string {
  return `${head}
Origin: Test
Suite: stable
Codename: ${codename}
Date: Sat, 15 Nov 2025 09:12:45 UTC
Architectures: amd64 arm64
Components: main contrib
MD5Sum:
 ${'d'.repeat(32)}      100 main/binary-amd64/Packages
SHA256:
 ${digit.repeat(64)}  1234567 main/binary-amd64/Packages
 ${'e'.repeat(64)}   234567 main/binary-amd64/Packages.xz
-----BEGIN PGP SIGNATURE-----

iQ
-----END PGP SIGNATURE-----
SHA256:
 ${'f'.repeat(64)}  1234567 main/binary-amd64/Packages
`;
}

function fixedClock(at: { milliseconds: number }): Clock {
  return { now: () => new Date(at.milliseconds), sleep: async () => {} };
}

/** These specs name no secret. */
const noSecret = () => Promise.reject(new Error('nobody asks for a secret'));
const quiet = () => {};

describe('package archive over HTTP', () => {
  it('reads the indexes of each suite that is there, from the signed part only', async () => {
    const { url } = await archive({
      '/debian/dists/trixie/InRelease': { body: inRelease('trixie', 'a') },
      '/debian/dists/trixie-security/InRelease': { body: inRelease('trixie-security', 'b') },
    });
    const reader = createHttpArchive({
      addresses: { debian: { archive: `${url}/`, security: url } },
      clock: fixedClock({ milliseconds: 0 }),
      log: quiet,
    });
    const state = await reader.state('trixie', 'amd64');
    expect(archiveStateSchema.parse(state)).toEqual({
      suites: [
        {
          uri: url,
          suite: 'trixie',
          components: ['main'],
          indexes: { 'main/binary-amd64/Packages': 'a'.repeat(64) },
          inRelease: sha256(inRelease('trixie', 'a')),
          date: 1_763_197_965,
        },
        {
          uri: url,
          suite: 'trixie-security',
          components: ['main'],
          indexes: { 'main/binary-amd64/Packages': 'b'.repeat(64) },
          inRelease: sha256(inRelease('trixie-security', 'b')),
          date: 1_763_197_965,
        },
      ],
    });
  });

  it('reads sid without a security suite, though a security archive is configured', async () => {
    const { url, asked } = await archive({ '/debian/dists/sid/InRelease': { body: inRelease('sid', 'a') } });
    const addresses = { debian: { archive: url, security: url } };
    const reader = createHttpArchive({ addresses, clock: fixedClock({ milliseconds: 0 }), log: quiet });
    expect((await reader.state('sid', 'amd64')).suites.map(({ suite }) => suite)).toEqual(['sid']);
    expect(asked).toEqual(['/debian/dists/sid/InRelease']);
  });

  it.each([
    ['beside its packages', undefined],
    ['in an archive of their own', 'security'],
  ])('reads the security updates of Ubuntu %s', async (_where, own) => {
    const signed = (suite: string) => {
      const text = inRelease('noble', 'a').replace('Suite: stable', `Suite: ${suite}`);
      const universe = ` ${'c'.repeat(64)}  10 universe/binary-amd64/Packages\n`;
      return { body: text.replace(/^SHA256:\n/m, `SHA256:\n${universe}`) };
    };
    const { url } = await archive({
      '/debian/dists/noble/InRelease': signed('noble'),
      '/debian/dists/noble-security/InRelease': own === undefined ? signed('noble-security') : { status: 500 },
      '/security/dists/noble-security/InRelease': signed('noble-security'),
    });
    const security = own && url.replace('/debian', '/security');
    const addresses = { ubuntu: { archive: url, security } };
    const reader = createHttpArchive({ addresses, clock: fixedClock({ milliseconds: 0 }), log: quiet });
    const { suites } = await reader.state('noble', 'amd64');
    expect(suites.map(({ uri, suite }) => [uri, suite])).toEqual([
      [url, 'noble'],
      [security ?? url, 'noble-security'],
    ]);
    for (const { components, indexes } of suites) {
      expect(components).toEqual(['main', 'universe']);
      expect(Object.keys(indexes)).toHaveLength(2);
    }
    await expect(reader.state('trixie', 'amd64')).rejects.toMatchObject({
      code: 'archive.not_configured',
      detail: 'archives.debian is not set.',
    });
  });

  it('reads a snapshot at its own address, however old, and says both addresses', async () => {
    const text = inRelease('trixie', 'a').replace('Date:', 'Valid-Until: Sat, 22 Nov 2025 09:12:45 UTC\nDate:');
    const kept = '/old/debian/20251115T000000Z';
    const { url, asked } = await archive({
      '/debian/dists/trixie/InRelease': { body: text },
      [`${kept}/dists/trixie/InRelease`]: { body: text },
    });
    const clock = fixedClock({ milliseconds: Date.parse('2026-11-26') });
    const snapshot = `${new URL(url).origin}/old/{archive}/{timestamp}/`;
    const addresses = { debian: { archive: url } };
    const reader = createHttpArchive({ addresses, snapshot, clock, log: quiet });
    await expect(reader.state('trixie', 'amd64')).rejects.toThrow('archive.untrusted');
    const { suites } = await reader.state('trixie', 'amd64', '20251115T000000Z');
    const address = `${new URL(url).origin}${kept}`;
    expect(archiveStateSchema.parse({ suites }).suites).toMatchObject([
      { uri: url, suite: 'trixie', snapshot: address },
    ]);
    expect(asked.filter((path) => path.startsWith(kept))).toHaveLength(2);
    expect(reader.places('trixie', '20251115T000000Z')[0]).toEqual({
      ...{ uri: url, suite: 'trixie', components: ['main'], snapshot: address },
    });
    expect(reader.places('trixie')[0]).not.toHaveProperty('snapshot');
    await expect(reader.state('trixie', 'amd64', '20251116T000000Z')).rejects.toThrow('does not exist');
    const without = createHttpArchive({ addresses, clock, log: quiet });
    await expect(without.state('trixie', 'amd64', '20251115T000000Z')).rejects.toThrow(
      'archive.snapshot_not_configured',
    );
  });

  it('asks once a minute, and again at once after a failure', async () => {
    const answers: Record<string, Answer> = { '/debian/dists/trixie/InRelease': { status: 503 } };
    const { url, asked } = await archive(answers);
    const time = { milliseconds: 1_000 };
    const reader = createHttpArchive({ addresses: { debian: { archive: url } }, clock: fixedClock(time), log: quiet });
    await expect(reader.state('trixie', 'amd64')).rejects.toThrow('status 503');
    answers['/debian/dists/trixie/InRelease'] = { body: inRelease('trixie', 'a') };
    await Promise.all([reader.state('trixie', 'amd64'), reader.state('trixie', 'amd64')]);
    time.milliseconds += 59_999;
    await reader.state('trixie', 'amd64');
    expect(asked.filter((path) => path.endsWith('/trixie/InRelease'))).toHaveLength(2);
    time.milliseconds += 1;
    await reader.state('trixie', 'amd64');
    expect(asked.filter((path) => path.endsWith('/trixie/InRelease'))).toHaveLength(3);
  });

  it.each<[string, Answer | undefined, RegExp]>([
    ['absent', undefined, /^archive.unreachable: \/debian\/dists\/trixie\/InRelease does not exist/],
    ['failing', { status: 500 }, /status 500/],
    ['no InRelease', { body: '<html>It works!</html>' }, /not a signed InRelease/],
    ['unsigned', { body: inRelease('trixie', 'a').split('-----BEGIN PGP SIGNATURE')[0] ?? '' }, /signature is missing/],
    ['without indexes', { body: inRelease('trixie', 'a').replaceAll('SHA256:', 'SHA1:') }, /lists no SHA256/],
    ['of another suite', { body: inRelease('bookworm', 'a') }, /of another suite than trixie/],
    ['without a date', { body: inRelease('trixie', 'a').replace('Date:', 'Day:') }, /no readable Date/],
    ['endless', { body: Buffer.alloc(5 * 1024 * 1024, 32) }, /more than 4194304 bytes/],
  ])('refuses an archive whose InRelease is %s', async (_, answer, message) => {
    const { url } = await archive(answer === undefined ? {} : { '/debian/dists/trixie/InRelease': answer });
    const reader = createHttpArchive({
      addresses: { debian: { archive: url } },
      clock: fixedClock({ milliseconds: 0 }),
      log: quiet,
    });
    const failure = await reader.state('trixie', 'amd64').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EngineError);
    expect(failure).toMatchObject({ code: 'archive.unreachable', message: expect.stringMatching(message) });
  });

  it('reads the archives of a spec at the hosts that the operator allows, and at no other', async () => {
    const { url, asked } = await archive({
      '/debian/dists/stable/InRelease': { body: inRelease('stable', 'a').replaceAll('main/', 'extra/') },
    });
    const wanted = { name: 'site', url, suites: ['stable'], components: ['extra'], key: '', for: 'both' as const };
    const readerOf = (privateHosts?: readonly string[]) =>
      createHttpArchive({ addresses: {}, privateHosts, clock: fixedClock({ milliseconds: 0 }), log: quiet });
    const [found] = await readerOf(['127.0.0.1']).extra([wanted], 'amd64', noSecret);
    expect(found).toMatchObject({
      name: 'site',
      suites: [
        {
          uri: url,
          suite: 'stable',
          components: ['extra'],
          indexes: { 'extra/binary-amd64/Packages': 'a'.repeat(64) },
        },
      ],
    });
    const before = asked.length;
    await expect(readerOf().extra([wanted], 'amd64', noSecret)).rejects.toMatchObject({
      code: 'archive.unreachable',
      message: expect.stringMatching(/archives\[site\]: \/debian\S+ cannot be read: the host has no public address/),
    });
    expect(asked).toHaveLength(before);
    await expect(
      readerOf(['127.0.0.1']).extra([{ ...wanted, components: ['main'] }], 'amd64', noSecret),
    ).rejects.toThrow('lists no main/binary-amd64/Packages');
  });

  it('asks an archive of a spec with its credentials, and says which it does not take', async () => {
    const site = await startFakeArchive([{ name: 'web' }]);
    onTestFinished(() => site.remove());
    site.authorization = `Basic ${Buffer.from('ci:pä:ss').toString('base64')}`;
    const credentials = { username: 'ci', password: { secret: 'site' } };
    const wanted = {
      name: 'site',
      url: site.url,
      suites: ['trixie'],
      components: ['main'],
      key: '',
      for: 'both' as const,
    };
    const clock = fixedClock({ milliseconds: Date.parse('2025-11-20T00:00:00Z') });
    const reader = createHttpArchive({ addresses: {}, privateHosts: ['127.0.0.1'], clock, log: quiet });
    const named: string[] = [];
    const secretOf = (value: string) => async (name: string) => {
      named.push(name);
      return value;
    };
    const [found] = await reader.extra([{ ...wanted, credentials }], 'amd64', secretOf('pä:ss'));
    expect([found?.name, named]).toEqual(['site', ['site']]);
    expect(JSON.stringify(found)).not.toMatch(/ci|Basic|ss"/);
    const refused = await reader
      .extra([{ ...wanted, credentials }], 'amd64', secretOf('wrong'))
      .catch((error) => error);
    expect(refused).toMatchObject({
      code: 'archive.unauthorized',
      detail: 'archives[site].credentials: the archive does not take this user and password (status 401).',
    });
    await expect(reader.extra([wanted], 'amd64', noSecret)).rejects.toMatchObject({
      code: 'archive.unauthorized',
      detail: expect.stringContaining('the spec has no archives[site].credentials'),
    });
    await expect(reader.extra([{ ...wanted, credentials }], 'amd64', noSecret)).rejects.toThrow('nobody asks');
  });

  it('refuses a state that has expired', async () => {
    const body = inRelease('trixie', 'a').replace(
      'Architectures:',
      'Valid-Until: Sat, 22 Nov 2025 09:12:45 UTC\nArchitectures:',
    );
    const { url } = await archive({ '/debian/dists/trixie/InRelease': { body } });
    const end = Date.parse('2025-11-22T09:12:45Z');
    const read = (milliseconds: number) =>
      createHttpArchive({
        addresses: { debian: { archive: url } },
        clock: fixedClock({ milliseconds }),
        log: quiet,
      }).state('trixie', 'amd64');
    await expect(read(end)).resolves.toMatchObject({ suites: [{ suite: 'trixie' }] });
    await expect(read(end + 1_000)).rejects.toMatchObject({ code: 'archive.untrusted' });
  });

  it('refuses an architecture that the archive does not hold', async () => {
    const { url } = await archive({ '/debian/dists/trixie/InRelease': { body: inRelease('trixie', 'a') } });
    const reader = createHttpArchive({
      addresses: { debian: { archive: url } },
      clock: fixedClock({ milliseconds: 0 }),
      log: quiet,
    });
    await expect(reader.state('trixie', 'arm64')).rejects.toThrow('lists no main/binary-arm64/Packages');
  });

  it('names a connection that is refused, and a configuration that is missing', async () => {
    const { url } = await archive({});
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    const clock = fixedClock({ milliseconds: 0 });
    await expect(
      createHttpArchive({ addresses: { debian: { archive: url } }, clock, log: quiet }).state('trixie', 'amd64'),
    ).rejects.toMatchObject({
      code: 'archive.unreachable',
      detail: expect.stringContaining('ECONNREFUSED'),
    });
    await expect(
      createHttpArchive({ addresses: {}, clock, log: quiet }).state('trixie', 'amd64'),
    ).rejects.toMatchObject({ code: 'archive.not_configured' });
  });
});
