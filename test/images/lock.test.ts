import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findArchives } from '../../local/archive-sources.ts';
import { engineFolder, removeFolder, startTestEngine, type TestEngine } from '../support/engine.ts';
import { smallSpec } from '../support/small-spec.ts';

/** The machine's own archive, on loopback, so that it can move on and lose packages. */
interface MovingArchive {
  readonly url: string;
  readonly server: Server;
  /** It has another state: its old indexes are gone, and the new ones are of nobody's making. */
  moved: boolean;
  /** Beginnings of the names of files that it has lost. */
  lost: string[];
}

async function startMovingArchive(): Promise<MovingArchive> {
  const { debian } = findArchives();
  if (debian === undefined) throw new Error('this machine has no archive of its own');
  const server = createServer((request, response) => {
    const given = request.url ?? '';
    // What it keeps of its past.
    const kept = '/snapshots/debian/20261101T000000Z';
    const path = given.startsWith(kept) ? given.slice(kept.length) : given;
    const isMoved = archive.moved && path === given;
    const relay = async () => {
      const gone = archive.lost.some((name) => (path.split('/').at(-1) ?? '').startsWith(name));
      const old = isMoved && path.startsWith('/dists/') && !path.endsWith('/InRelease');
      if (gone || old) return response.writeHead(404).end();
      const answer = await fetch(`${debian}${path}`, {
        method: request.method ?? 'GET',
        headers: { 'accept-encoding': 'identity' },
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      const text = isMoved && path.endsWith('/InRelease') ? bytes.toString('latin1') : undefined;
      // Every digest in it is another one.
      const body = text === undefined ? bytes : Buffer.from(text.replace(/^ [0-9a-f]{60}/gm, ` ${'5'.repeat(60)}`));
      return response.writeHead(answer.status).end(body);
    };
    relay().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const archive: MovingArchive = { url, server, moved: false, lost: [] };
  return archive;
}

const small = smallSpec([]);
const base: typeof small.base & { snapshot?: string } = small.base;
const spec = { ...small, base, packages: { install: ['bzip2'] } };

describe('a build from a lock', () => {
  const folders = [engineFolder(), engineFolder()] as const;
  const caches = mkdtempSync(join(tmpdir(), 'lbuild-packages-'));
  let archive: MovingArchive;
  let engine: TestEngine;
  let first: { id: string; digest: string };
  let locked: Awaited<ReturnType<TestEngine['client']['builds']['readLock']>>;

  const start = (folder: string, name: string) => {
    const snapshots = `${archive.url}/snapshots/{archive}/{timestamp}`;
    const options = ['--archive', archive.url, '--archive-snapshot', snapshots];
    return startTestEngine(folder, [...options, '--package-cache', join(caches, name)]);
  };
  const build = async (of: TestEngine, lock?: string, what: typeof spec = spec) => {
    const began = performance.now();
    const started = await of.client.startBuild(what, lock === undefined ? {} : { lock });
    const ended = await of.client.waitForBuild(started.id);
    const [artifact] = ended.state === 'succeeded' ? await of.client.builds.listArtifacts(started.id) : [];
    console.log(`lock: ${ended.state} in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    return { id: started.id, ended, digest: artifact?.sha256 ?? '' };
  };

  beforeAll(async () => {
    archive = await startMovingArchive();
    engine = await start(folders[0], 'one');
    const built = await build(engine);
    expect(built.ended.failure).toBeUndefined();
    first = built;
    locked = await engine.client.builds.readLock(first.id);
    archive.moved = true;
  });
  afterAll(async () => {
    await engine.stop();
    archive.server.closeAllConnections();
    archive.server.close();
    for (const folder of folders) removeFolder(folder);
    rmSync(caches, { recursive: true, force: true });
  });

  it('has each package of the image, by digest, and nothing of its run', async () => {
    const names = locked.lock.steps.flatMap(({ packages }) => packages.map(({ name }) => name));
    const evidence = await engine.client.getStatus(first.id);
    expect(evidence.evidence.map(({ name }) => name)).toContain('packages.jsonl');
    const folder = mkdtempSync(join(caches, 'evidence-'));
    const listed = evidence.evidence.find(({ name }) => name === 'packages.jsonl');
    if (listed === undefined) throw new Error('no list of packages');
    const { path } = await engine.client.builds.downloadEvidence(first.id, listed, folder);
    const installed = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).name);
    expect([...names].sort()).toEqual(installed.sort());
    expect(names).toContain('bzip2');
    expect(JSON.stringify(locked.lock)).not.toContain(first.id);
    const bytes = Buffer.byteLength(JSON.stringify(locked.lock));
    console.log(`lock: ${names.length} packages in ${bytes} bytes, ${Math.round(bytes / names.length)} each`);
  });

  it('has the steps of that build where the archive has moved on, and the same bytes', async () => {
    const second = await build(engine, locked.sha256);
    expect(second.ended.failure).toBeUndefined();
    expect(second.digest).toBe(first.digest);
    expect(second.ended.stages.flatMap(({ steps }) => steps.map(({ hit }) => hit))).not.toContain(false);
    // Once more without the cache: of the packages by their digests, since the indexes are gone.
    const verifying = await engine.client.builds.verify(second.id);
    const verified = await engine.client.waitForBuild(verifying.id);
    expect(verified.failure).toBeUndefined();
    const [found] = await engine.client.builds.listVerifications(second.id);
    if (found?.verdict !== 'identical') console.log(JSON.stringify(found?.first, null, 1));
    expect(found?.verdict).toBe('identical');
    expect((await engine.client.builds.readLock(second.id)).sha256).toBe(locked.sha256);
  });

  it('has what a build of the same state by its date has: its signature is verified, and every step is a hit', async () => {
    const pinned = await build(engine, undefined, { ...spec, base: { ...spec.base, snapshot: '20261101T000000Z' } });
    expect(pinned.ended.failure).toBeUndefined();
    expect(pinned.ended.stages.flatMap(({ steps }) => steps.map(({ hit }) => hit))).not.toContain(false);
    expect(pinned.digest).toBe(first.digest);
  });

  it('gives the same bytes in an engine that knows nothing of it, as the tenant’s own', async () => {
    const other = await start(folders[1], 'two');
    try {
      const unlocked = await build(other);
      expect(unlocked.ended.failure?.code).toBe('archive.untrusted');
      const stored = await other.client.locks.upload(locked.lock);
      expect(stored).toEqual({ sha256: locked.sha256, recorded: false });
      archive.lost = ['bzip2_', 'libbz2-1.0_'];
      const refused = await build(other, stored.sha256);
      const version = locked.lock.steps
        .flatMap(({ packages }) => packages)
        .find(({ name }) => name === 'bzip2')?.version;
      expect(refused.ended.failure).toMatchObject({
        code: 'lock.packages_gone',
        reason: expect.stringContaining(`bzip2 ${version}`),
      });
      expect(refused.ended.stages).toEqual([]);
      archive.lost = [];
      const built = await build(other, stored.sha256);
      expect(built.ended.failure).toBeUndefined();
      expect(built.digest).toBe(first.digest);
    } finally {
      await other.stop();
    }
  });
});
