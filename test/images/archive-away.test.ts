import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findArchives } from '../../local/archive-sources.ts';
import { engineFolder, removeFolder, startTestEngine } from '../support/engine.ts';
import { smallSpec } from '../support/small-spec.ts';

/** The machine's own archive, on loopback, so that it can be taken away. */
async function startRelay(): Promise<{ url: string; server: Server; asked: string[] }> {
  const { debian } = findArchives();
  if (debian === undefined) throw new Error('this machine has no archive of its own');
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const relay = async () => {
      const answer = await fetch(`${debian}${request.url}`, { headers: { 'accept-encoding': 'identity' } });
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    };
    relay().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, asked };
}

describe('while the archive is away', () => {
  const directory = engineFolder();
  const packageCache = mkdtempSync(join(tmpdir(), 'lbuild-packages-'));
  afterAll(() => {
    removeFolder(directory);
    rmSync(packageCache, { recursive: true, force: true });
  });

  it('a build goes on whose packages were all fetched before, says of when its state is, and no other does', async () => {
    const relay = await startRelay();
    const options = ['--archive', relay.url, '--package-cache', packageCache];
    const specOf = (install: readonly string[]) => ({ ...smallSpec([]), packages: { install: [...install] } });
    const build = async (engine: Awaited<ReturnType<typeof startTestEngine>>, install: readonly string[]) => {
      const started = await engine.client.startBuild(specOf(install));
      return engine.client.waitForBuild(started.id);
    };
    const before = await startTestEngine(directory, options);
    const first = await build(before, ['bzip2']);
    expect([first.failure, first.archiveReadAt]).toEqual([undefined, undefined]);
    await before.stop();
    expect(new Set(relay.asked.filter((path) => path.endsWith('.deb'))).size).toBe(
      relay.asked.filter((path) => path.endsWith('.deb')).length,
    );
    for (const name of readdirSync(packageCache)) {
      expect(
        createHash('sha256')
          .update(readFileSync(join(packageCache, name)))
          .digest('hex'),
      ).toBe(name);
    }

    relay.server.closeAllConnections();
    await new Promise((resolve) => relay.server.close(resolve));
    const after = await startTestEngine(directory, options);
    try {
      // Another key, the same packages: the step runs again.
      const second = await build(after, ['bzip2', 'libbz2-1.0']);
      expect(second.failure).toBeUndefined();
      const steps = second.stages.flatMap((stage) => stage.steps);
      expect(steps.find((step) => step.id === 'packages')).toMatchObject({ hit: false, facts: { packages: '1' } });
      expect(Date.parse(second.archiveReadAt ?? '')).toBeLessThanOrEqual(Date.parse(second.submittedAt));

      const third = await build(after, ['bzip2', 'zip']);
      expect(third.failure).toMatchObject({ code: 'archive.unreachable', step: 'packages' });
    } finally {
      await after.stop();
    }
  });
});
