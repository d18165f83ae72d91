import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { readVersions } from '../../scripts/release/versions.ts';
import { project } from '../docs/markdown.ts';
import { type Ended, ended, type ReleaseRepository, releaseRepository } from './release-repository.ts';

const manifestSchema = z.looseObject({ name: z.string(), version: z.string(), files: z.array(z.string()) });

// npm takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

let root: string;
let folder: string;
let version: string;
let repository: ReleaseRepository;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lbuild-publish-'));
  folder = path.join(root, 'packed');
  version = (await readVersions(project)).get('package.json') ?? '';
  repository = await releaseRepository(
    `# Changelog\n\nFor tests.\n\n## ${version} - 2026-01-02\n\n### Added\n\n- It all.\n`,
  );
  Object.assign(repository.environment, {
    ...{ GITHUB_SERVER_URL: 'https://git.example.org', GITHUB_REPOSITORY: 'owner/engine' },
    npm_config_cache: path.join(root, 'npm-cache'),
  });
  expect(await repository.script('pack.ts', folder)).toMatchObject({ code: 0, err: '' });
}, 120_000);
afterAll(async () => {
  await repository?.remove();
  await rm(root, { recursive: true, force: true });
});

const tarballs = () => [`linuxbuilder-cli-${version}.tgz`, `linuxbuilder-sdk-${version}.tgz`];

/** A file of a package, and the names of all. */
async function inside(tarball: string, name: string): Promise<string> {
  return (await ended('tar', ['-xzOf', path.join(folder, tarball), `package/${name}`], { cwd: root, env: process.env }))
    .out;
}

describe('what is packed', () => {
  it('is both packages with their checksums, and the section of the changelog', async () => {
    expect((await readdir(folder)).sort()).toEqual(['NOTES.md', 'SHA256SUMS', ...tarballs()]);
    expect(await readFile(path.join(folder, 'NOTES.md'), 'utf8')).toBe('### Added\n\n- It all.\n');
    const checked = await ended('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: folder, env: process.env });
    expect(checked).toMatchObject({
      code: 0,
      out: tarballs()
        .map((name) => `${name}: OK\n`)
        .join(''),
    });
  });

  it.each(['cli', 'sdk'])('describes @linuxbuilder/%s as npm and its provenance want it', async (name) => {
    const tarball = `linuxbuilder-${name}-${version}.tgz`;
    const manifest: unknown = JSON.parse(await inside(tarball, 'package.json'));
    expect(manifest).toMatchObject({
      ...{ name: `@linuxbuilder/${name}`, version, license: 'Apache-2.0', type: 'module', engines: { node: '>=20' } },
      ...{ description: expect.stringMatching(/.{20}/), keywords: expect.arrayContaining(['linux']) },
      publishConfig: { access: 'public', provenance: true },
      repository: { type: 'git', url: 'git+https://git.example.org/owner/engine.git', directory: name },
    });
    for (const member of ['private', 'scripts', 'dependencies', 'devDependencies', 'imports', 'workspaces']) {
      expect(manifest).not.toHaveProperty(member);
    }
    const list = await ended('tar', ['-tzf', path.join(folder, tarball)], { cwd: root, env: process.env });
    const files = list.out
      .trimEnd()
      .split('\n')
      .map((file) => file.replace(/^package\//, ''));
    expect(files).toEqual(expect.arrayContaining(['README.md', 'package.json']));
    expect(files.some((file) => /(^|\/)LICENSE$/.test(file))).toBe(true);
    const allowed = [...manifestSchema.parse(manifest).files, 'README.md', 'LICENSE', 'package.json'];
    expect(files.filter((file) => !allowed.includes(file.split('/')[0] ?? ''))).toEqual([]);
    expect(files.filter((file) => /\.(ts|map|env)$/.test(file) && !file.endsWith('.d.ts'))).toEqual([]);
  });

  it('goes into no folder that holds something', async () => {
    expect(await repository.script('pack.ts', folder)).toMatchObject({
      code: 1,
      err: expect.stringMatching('^release.folder_not_empty: '),
    });
    expect(await repository.script('pack.ts')).toMatchObject({
      code: 1,
      err: expect.stringMatching('^release.usage: '),
    });
  });
});

/** A registry of npm on loopback, as far as publishing and looking up go. */
interface Registry {
  readonly server: Server;
  readonly url: string;
  /** Packages by name, as npm asks for them. */
  readonly packages: Map<string, Record<string, unknown>>;
  /** What was published, in order, with its tags. */
  readonly published: string[];
}

const publishSchema = z.looseObject({
  name: z.string(),
  'dist-tags': z.record(z.string(), z.string()),
  versions: z.record(z.string(), z.looseObject({ dist: z.looseObject({ integrity: z.string() }) })),
  _attachments: z.record(z.string(), z.object({ data: z.string() }).loose()),
});

async function openRegistry(): Promise<Registry> {
  const packages = new Map<string, Record<string, unknown>>();
  const published: string[] = [];
  const server = createServer(async (request, response) => {
    const name = decodeURIComponent((request.url ?? '').slice(1)).split('?')[0] ?? '';
    if (request.method === 'PUT') {
      let text = '';
      for await (const piece of request.setEncoding('utf8')) text += piece;
      const body = publishSchema.parse(JSON.parse(text));
      const [[, attachment]] = Object.entries(body._attachments) as [[string, { data: string }]];
      const digest = createHash('sha512').update(Buffer.from(attachment.data, 'base64')).digest('base64');
      for (const [of, { dist }] of Object.entries(body.versions)) expect(dist.integrity, of).toBe(`sha512-${digest}`);
      packages.set(name, body);
      published.push(`${body.name} ${JSON.stringify(body['dist-tags'])}`);
      response.writeHead(201).end('{}');
      return;
    }
    const found = packages.get(name);
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? { error: 'not found' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, packages, published, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('publishing', () => {
  let registry: Registry;
  let home: string;
  beforeEach(async () => {
    registry = await openRegistry();
    home = await mkdtemp(path.join(root, 'home-'));
    await writeFile(
      path.join(home, '.npmrc'),
      `registry=${registry.url}\n//${new URL(registry.url).host}/:_authToken=none\naudit=false\nupdate-notifier=false\n`,
    );
    return async () => {
      registry.server.closeAllConnections();
      registry.server.close();
    };
  });

  const publish = (args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    ended(process.execPath, ['--no-warnings', path.join(project, 'scripts/release/publish.ts'), ...args], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: home, npm_config_cache: path.join(home, 'cache'), ...more },
    });

  it('gives npm both packages under their tag, and run again passes over what is there', async () => {
    const told = await publish([folder, '--tag', 'next', '--no-provenance']);
    expect(told).toMatchObject({ code: 0, err: '' });
    expect(told.out).toBe(
      ['cli', 'sdk'].map((name) => `@linuxbuilder/${name}@${version} is published as next\n`).join(''),
    );
    expect(registry.published).toEqual(
      ['cli', 'sdk'].map((name) => `@linuxbuilder/${name} ${JSON.stringify({ next: version })}`),
    );
    registry.packages.delete('@linuxbuilder/sdk');
    const again = await publish([folder, '--tag', 'next', '--no-provenance']);
    expect(again.out).toBe(
      `@linuxbuilder/cli@${version} is published already\n@linuxbuilder/sdk@${version} is published as next\n`,
    );
    expect(registry.published).toHaveLength(3);
  });

  it('publishes nothing where the registry has other bytes of a version', async () => {
    const dist = { integrity: 'sha512-AAAA', tarball: `${registry.url}/x.tgz` };
    registry.packages.set('@linuxbuilder/sdk', {
      ...{ name: '@linuxbuilder/sdk', 'dist-tags': { latest: version } },
      versions: { [version]: { name: '@linuxbuilder/sdk', version, dist } },
    });
    expect(await publish([folder, '--tag', 'latest', '--no-provenance'])).toMatchObject({
      code: 1,
      err: expect.stringMatching('^release.published_differently: '),
    });
    expect(registry.published).toEqual([]);
  });

  it('publishes nothing without the identity of a job, and asks for a tag and packages', async () => {
    expect(await publish([folder, '--tag', 'latest'])).toMatchObject({
      code: 1,
      err: expect.stringMatching('^release.no_identity: '),
    });
    expect(await publish([folder, '--no-provenance'])).toMatchObject({
      code: 1,
      err: expect.stringMatching('^release.usage: '),
    });
    await mkdir(path.join(home, 'empty'));
    expect(await publish([path.join(home, 'empty'), '--tag', 'latest', '--no-provenance'])).toMatchObject({
      code: 1,
      err: expect.stringMatching('^release.nothing_packed: '),
    });
    expect(registry.published).toEqual([]);
  });

  it('does not publish with an npm that knows no identity of jobs', async () => {
    const old = path.join(home, 'bin');
    await mkdir(old);
    await writeFile(path.join(old, 'npm'), '#!/bin/sh\necho 10.9.4\n', { mode: 0o755 });
    const env = { PATH: `${old}:${process.env.PATH}`, ACTIONS_ID_TOKEN_REQUEST_URL: registry.url };
    expect(await publish([folder, '--tag', 'latest'], env)).toMatchObject({
      code: 1,
      err: expect.stringMatching('^release.npm_too_old: '),
    });
  });
});
