import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archive } from '../core/plan/plan-fixtures.ts';
import { project } from '../docs/markdown.ts';
import { type Caller, type OpenedApi, openApiOver } from '../support/callers.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';
import { type PackedSdk, packSdk, projectWith, readmeExamples } from './packed.ts';

/** Bytes that the package may have at most: whoever makes it larger says so here. */
const mostPacked = 120_000;
const mostUnpacked = 900_000;

const run = promisify(execFile);
const compiler = path.join(project, 'node_modules/typescript/bin/tsc');

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});
let root: string;
let user: string;
let packed: PackedSdk;
let api: OpenedApi;
let caller: Caller;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lbuild-packed-'));
  user = path.join(root, 'user');
  packed = await packSdk(root);
  await projectWith(packed.tarball, user);
  const [example = '', receiver = ''] = await readmeExamples();
  await writeFile(path.join(user, 'example.ts'), example);
  await writeFile(path.join(user, 'receiver.ts'), receiver);
  await writeFile(path.join(user, 'page.ts'), page);
  api = await openApiOver(plane.ports);
  caller = await api.caller('packed');
}, 300_000);
afterAll(async () => {
  await api?.close();
  await rm(root, { recursive: true, force: true });
});

/** What a page does: no type of Node is in sight. */
const page = `import { ApiProblem, type Build, isApiProblem, LinuxBuilderClient, type ErrorCode } from '@linuxbuilder/sdk';
const client = new LinuxBuilderClient({ url: 'https://images.example.com', apiKey: async () => 'lbk_1' });
export async function names(signal: AbortSignal): Promise<string[]> {
  const builds: Build[] = await client.builds.list({ state: 'succeeded' }, { signal }).all(500);
  for await (const hold of client.retention.listHolds()) console.log(hold.reason);
  return builds.map(({ name }) => name);
}
export function codeOf(error: unknown): ErrorCode | undefined {
  if (isApiProblem(error, 'build.not_found', 'artifact.not_found')) {
    const code: 'build.not_found' | 'artifact.not_found' = error.code;
    return code;
  }
  // @ts-expect-error There is no such code.
  isApiProblem(error, 'build.no_such_code');
  // @ts-expect-error A spec has a name.
  void client.startBuild({ schemaVersion: 1, outputs: [] });
  return error instanceof ApiProblem ? undefined : undefined;
}
`;

/** Compiles files of the user's project, and answers what the compiler says. */
async function compile(files: readonly string[], options: object): Promise<string> {
  const compilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
    ...{ target: 'es2023', types: [], outDir: 'out' },
    ...options,
  };
  await writeFile(path.join(user, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  return run(process.execPath, [compiler, '--project', user]).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
}

describe('the package', () => {
  it('has what a user needs, and is small', () => {
    expect(packed.files).toEqual(
      expect.arrayContaining([
        'README.md',
        'package.json',
        'dist/index.js',
        'dist/browser.js',
        'dist/index.d.ts',
        'dist/LICENSE',
      ]),
    );
    expect(
      packed.files.filter((file) => !/^(dist\/(.*\.(js|d\.ts)|LICENSE.*)|README\.md|package\.json)$/.test(file)),
    ).toEqual([]);
    console.log(`packed ${packed.size} bytes, unpacked ${packed.unpackedSize}, ${packed.files.length} files`);
    expect(packed.size).toBeLessThan(mostPacked);
    expect(packed.unpackedSize).toBeLessThan(mostUnpacked);
  });

  it('needs no other package, and its bundle for browsers nothing of Node', async () => {
    const dist = path.join(user, 'node_modules/@linuxbuilder/sdk/dist');
    const [node, browser] = await Promise.all(
      ['index.js', 'browser.js'].map((name) => readFile(path.join(dist, name), 'utf8')),
    );
    const imports = (text = '') => [...text.matchAll(/(?:from|import\()\s*["']([^"']+)["']/g)].map(([, name]) => name);
    expect(imports(node).filter((name) => name?.startsWith('node:') !== true)).toEqual([]);
    expect(imports(node).length).toBeGreaterThan(0);
    expect(imports(browser)).toEqual([]);
  });

  it.each([
    ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
    ['bundler, for browsers', { module: 'esnext', moduleResolution: 'bundler', customConditions: ['browser'] }],
  ])(
    'has strict types, resolved as %s',
    async (_, options) => {
      // The DOM's types are in sight by themselves, and none of Node.
      expect(await compile(['page.ts'], options)).toBe('');
    },
    120_000,
  );
});

/** The first `node` of the machine itself, which users have: Node 20 or later. */
function machinesNode(): string {
  const folders = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  const found = folders.map((folder) => path.join(folder, 'node')).find((file) => existsSync(file));
  if (found === undefined) throw new Error('this machine has no node');
  return found;
}

describe('the example of the README', () => {
  beforeAll(async () => {
    await mkdir(path.join(user, 'node_modules/@types'), { recursive: true });
    for (const name of ['@types/node', 'undici-types']) {
      await symlink(path.join(project, 'node_modules', name), path.join(user, 'node_modules', name));
    }
    const options = { module: 'nodenext', moduleResolution: 'nodenext', types: ['node'] };
    expect(await compile(['example.ts', 'receiver.ts'], options)).toBe('');
  }, 120_000);

  it.each([
    ['this Node', process.execPath],
    ['the machine’s own', machinesNode()],
  ])(
    'builds, follows, downloads and verifies, with %s',
    async (_, node) => {
      const folder = await mkdtemp(path.join(root, 'run-'));
      await cp(path.join(user, 'out'), path.join(folder, 'out'), { recursive: true });
      await cp(path.join(user, 'package.json'), path.join(folder, 'package.json'));
      await symlink(path.join(user, 'node_modules'), path.join(folder, 'node_modules'));
      const env = { PATH: process.env.PATH, LBUILD_URL: api.url, LBUILD_API_KEY: caller.apiKey };
      const { stdout: version } = await run(node, ['--version']);
      const { stdout } = await run(node, ['out/example.js'], { cwd: folder, env });
      console.log(`the example ran with Node ${version.trim()}`);
      const [, file = '', digest] = /^(images\/\S+) {2}sha256 ([0-9a-f]{64})$/m.exec(stdout) ?? [];
      const bytes = await readFile(path.join(folder, file));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(digest);
      expect(stdout).toContain('GET /v1/builds');
    },
    120_000,
  );
});
