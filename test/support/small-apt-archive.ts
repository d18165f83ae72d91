import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Distribution, Release } from '../../core/distributions/distribution.ts';
import { buildPackage, type FakePackage } from './fake-archive.ts';
import { makeInstallableTree } from './installable-tree.ts';

/** A package, and where in the archive it is: by default in the release's own suite and the first component. */
export interface PlacedPackage extends FakePackage {
  readonly suite?: string;
  readonly component?: string;
}

/** An archive of a whole release on loopback: all its suites and components, signed by one key made for it. */
export interface SmallAptArchive {
  readonly url: string;
  /** File with the public key, as gpgv and apt read it. */
  readonly keyring: string;
  remove(): Promise<void>;
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** What dpkg and mmdebstrap need in a tree, as one essential package: a dozen of the machine's own commands. */
function buildBase(): { file: string; stanza: string; bytes: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-base-'));
  try {
    const tree = join(folder, 'build', 'base-system_1.0');
    makeInstallableTree(tree, ['cat', 'chmod', 'mv', 'mkdir', 'ln', 'cp', 'sed']);
    rmSync(join(tree, 'var/lib/dpkg'), { recursive: true });
    const built = buildPackage(folder, {
      ...{ name: 'base-system', fields: { Architecture: 'amd64', Essential: 'yes', Priority: 'required' } },
      files: { 'etc/passwd': 'root:x:0:0::/root:/bin/sh\n', 'etc/group': 'root:x:0:\n' },
    });
    return { ...built, bytes: readFileSync(join(folder, 'www', built.file)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let base: ReturnType<typeof buildBase> | undefined;

/**
 * Makes an archive as a distribution's is, of a base that dpkg runs in and of these packages, and serves it. Suites are
 * told apart as the distribution does it.
 */
export async function startSmallAptArchive(
  distribution: Distribution,
  name: string,
  release: Release,
  packages: readonly PlacedPackage[],
): Promise<SmallAptArchive> {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-archive-'));
  const home = join(folder, 'gnupg');
  mkdirSync(home, { mode: 0o700 });
  const gpg = (argv: readonly string[], input = '') =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', ...argv], {
      ...{ input, stdio: ['pipe', 'pipe', 'ignore'] },
    });
  gpg(['--passphrase', '', '--quick-generate-key', `${distribution.name}@test.invalid`, 'ed25519', 'sign', 'never']);
  const keyring = join(folder, 'key.gpg');
  writeFileSync(keyring, gpg(['--export']));

  const [first] = distribution.components;
  base ??= buildBase();
  mkdirSync(join(folder, 'www/pool'), { recursive: true });
  writeFileSync(join(folder, 'www', base.file), base.bytes);
  const system = `ID=${distribution.name}\nVERSION_CODENAME=${name}\nVERSION_ID=${release.version}\n`;
  const minimal: PlacedPackage[] = [
    { name: 'base-files', fields: { Essential: 'yes' }, files: { 'etc/os-release': system } },
    { name: 'apt', fields: { Priority: 'required' } },
  ];
  const built = [
    { suite: name, component: first, stanza: base.stanza },
    ...[...minimal, ...packages].map((wanted) => ({
      suite: wanted.suite ?? name,
      component: wanted.component ?? first,
      stanza: buildPackage(folder, wanted).stanza,
    })),
  ];
  for (const suite of [...release.suites, ...(release.securitySuite === undefined ? [] : [release.securitySuite])]) {
    const lists: string[] = [];
    for (const component of distribution.components) {
      const own = built.filter((one) => one.suite === suite && one.component === component);
      const index = Buffer.from(own.map(({ stanza }) => stanza).join(''));
      const path = `${component}/binary-amd64/Packages`;
      for (const [file, bytes] of [
        [path, index],
        [`${path}.gz`, gzipSync(index)],
      ] as const) {
        const place = join(folder, 'www/dists', suite, file);
        mkdirSync(dirname(place), { recursive: true });
        writeFileSync(place, bytes);
        lists.push(` ${sha256(bytes)} ${bytes.length} ${file}\n`);
      }
    }
    const named = distribution.suitesDifferBy === 'suite' ? { Suite: suite, Codename: name } : { Codename: suite };
    const head = { Origin: distribution.title, ...named, Date: 'Sat, 15 Nov 2025 09:12:45 UTC' };
    const text = Object.entries(head).map(([field, value]) => `${field}: ${value}\n`);
    const signed = gpg(['--clearsign'], `${text.join('')}SHA256:\n${lists.join('')}`);
    writeFileSync(join(folder, 'www/dists', suite, 'InRelease'), signed);
  }
  execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' });

  const server = createServer((request, response) => {
    const file = join(folder, 'www', request.url ?? '');
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) response.writeHead(404).end();
    else response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${port}`, keyring },
    remove: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
