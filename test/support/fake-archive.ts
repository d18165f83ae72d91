import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ArchiveState, ExtraArchive } from '../../core/plan/archive-state.ts';

/** A package to make: fields of its control file beside the usual ones, and its files. */
export interface FakePackage {
  readonly name: string;
  readonly version?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** Path to content; what is below DEBIAN beside `control` is a maintainer script. */
  readonly files?: Readonly<Record<string, string>>;
}

/** How the archive answers a request instead of sending the file; undefined: it sends it. */
export type Disturbance = (
  path: string,
  response: ServerResponse,
  body: Buffer,
  request: IncomingMessage,
) => 'answered' | undefined;

/** A package archive on loopback: real packages, real indexes, signed by a key that was made for it. */
export interface FakeArchive {
  readonly url: string;
  /** What `adapters/archive` would read of it now. */
  readonly state: ArchiveState;
  /** The same of an archive that a spec names, at its address or another one. */
  extra(name: string, url?: string): ExtraArchive;
  /** The public key, as a spec has it. */
  readonly key: string;
  /** File with the public key, as gpgv reads it. */
  readonly keyring: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  disturb: Disturbance | undefined;
  /** Whether a request needs no header; undefined: each needs it. */
  open: ((path: string, request: IncomingMessage) => boolean) | undefined;
  /** Header without which it answers 401; undefined: it asks for none. */
  authorization: string | undefined;
  /** Path below the archive of a package's file. */
  pathOf(name: string): string;
  /** The archive goes away; what is there stays known. */
  stop(): Promise<void>;
  remove(): Promise<void>;
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Makes the file of a package below `folder`/www/pool, and its stanza of an index. */
export function buildPackage(folder: string, wanted: FakePackage): { file: string; stanza: string } {
  const { name, version = '1.0', fields = {}, files = {} } = wanted;
  const root = join(folder, 'build', `${name}_${version}`);
  const control = { Package: name, Version: version, Architecture: 'all', Maintainer: 'T <t@t.invalid>', ...fields };
  const text = Object.entries({ ...control, Description: `the test package ${name}` })
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('');
  for (const [path, content] of Object.entries({ 'DEBIAN/control': text, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    const mode = path.startsWith('DEBIAN/') && path !== 'DEBIAN/control' ? 0o755 : 0o644;
    writeFileSync(join(root, path), content, { mode });
  }
  const file = `pool/${name}_${version}_all.deb`;
  mkdirSync(join(folder, 'www/pool'), { recursive: true });
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Znone', root, join(folder, 'www', file)], {
    stdio: 'ignore',
  });
  const bytes = readFileSync(join(folder, 'www', file));
  const place = `Filename: ${file}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`;
  return { file, stanza: `${text}${place}\n` };
}

function sign(folder: string, text: string): { inRelease: Buffer; keyring: string; key: string } {
  const home = join(folder, 'gnupg');
  const keyring = join(folder, 'key.gpg');
  mkdirSync(home, { mode: 0o700 });
  const message = join(folder, 'Release');
  writeFileSync(message, text);
  const gpg = (...argv: string[]) =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--yes', '--pinentry-mode', 'loopback', ...argv], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    gpg('--passphrase', '', '--quick-generate-key', 'archive@test.invalid', 'ed25519', 'sign', 'never');
    const inRelease = gpg('--output', '-', '--clearsign', message);
    writeFileSync(keyring, gpg('--export'));
    return { inRelease, keyring, key: gpg('--export', '--armor').toString('utf8') };
  } finally {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' });
  }
}

/** Makes an archive of these packages and serves it; a name may have several versions. */
export async function startFakeArchive(
  packages: readonly FakePackage[],
  options: { readonly release?: string; readonly suite?: string } = {},
): Promise<FakeArchive> {
  const { suite = 'trixie' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-archive-'));
  const built = packages.map((wanted) => ({ name: wanted.name, ...buildPackage(folder, wanted) }));
  const index = Buffer.from(built.map(({ stanza }) => stanza).join(''));
  const packed = gzipSync(index);
  const name = 'main/binary-amd64/Packages';
  const listed = ([path, bytes]: [string, Buffer]) => ` ${sha256(bytes)} ${bytes.length} ${path}\n`;
  const lists = (
    [
      [name, index],
      [`${name}.gz`, packed],
    ] as [string, Buffer][]
  )
    .map(listed)
    .join('');
  const head = `Suite: stable\nCodename: ${suite}\nDate: Sat, 15 Nov 2025 09:12:45 UTC\n${options.release ?? ''}`;
  const { inRelease, keyring, key } = sign(folder, `${head}SHA256:\n${lists}`);
  for (const [path, bytes] of [
    ['InRelease', inRelease],
    [`${name}.gz`, packed],
  ] as const) {
    const place = join(folder, 'www/dists', suite, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
  }
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1);
    asked.push(path);
    const { authorization = request.headers.authorization, open } = archive;
    if (request.headers.authorization !== authorization && open?.(path, request) !== true) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="packages"' }).end();
      return;
    }
    const file = join(folder, 'www', path);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    const body = readFileSync(file);
    if (archive.disturb?.(path, response, body, request) === 'answered') return;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length - from }).end(body.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const state = {
    ...{ uri: url, suite, components: ['main'], date: 1_763_197_965 },
    ...{ indexes: { [name]: sha256(index) }, inRelease: sha256(inRelease) },
  };
  const archive: FakeArchive = {
    ...{ url, keyring, key, asked, disturb: undefined, authorization: undefined, open: undefined, stop },
    state: { suites: [state] },
    extra: (name, uri = url) => ({ name, suites: [{ ...state, uri }] }),
    pathOf: (wanted) => built.find((one) => one.name === wanted)?.file ?? '',
    remove: async () => {
      if (server.listening) await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return archive;
}
