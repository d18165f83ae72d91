import { execFileSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../core/digest.ts';
import { passwordHashes } from '../core/spec/sample-spec.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { bootNetwork } from '../support/qemu.ts';
import { listTree } from '../support/tree-listing.ts';

/** What passwordHashes.yescrypt is the hash of. */
const password = 'linux-builder';

const spec = (baseUrl: string) => ({
  schemaVersion: 1 as const,
  name: 'edge',
  base: { distribution: 'debian' as const, release: 'trixie' as const, architecture: 'amd64' as const },
  packages: { install: ['iputils-ping', 'systemd-sysv'] },
  system: { hostname: 'edge-01' },
  users: [{ name: 'ops', passwordHash: passwordHashes.yescrypt }],
  files: [{ path: '/etc/motd', content: 'built here\n' }],
  kernel: { cmdline: ['console=tty0', 'console=ttyS0,115200', 'loglevel=3'] },
  outputs: [
    { type: 'netboot' as const, baseUrl },
    { type: 'wsl' as const },
    { type: 'oci' as const, compression: 'zstd' as const },
    { type: 'tar' as const },
  ],
});

describe('a posted spec becomes a network boot and a distribution for WSL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-netboot-'));
  const served = join(folder, 'served');
  /** Names that were asked for, in order. */
  const asked: string[] = [];
  let server: Server;
  let port = 0;

  /** A web server on loopback, of the files of the network boot and of no others. */
  async function serve(): Promise<void> {
    server = createServer((request, response) => {
      const name = basename(request.url ?? '');
      const known = readdirSync(served).includes(name);
      asked.push(`${request.method} ${name}`);
      response.writeHead(known ? 200 : 404, known ? { 'content-length': statSync(join(served, name)).size } : {});
      if (known && request.method === 'GET') createReadStream(join(served, name)).pipe(response);
      else response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    port = address.port;
  }

  beforeAll(async () => {
    mkdirSync(served);
    await serve();
    const directory = engineFolder();
    const engine = await startEngineInProcess(directory, { mode: 'contained' });
    try {
      const started = await engine.client.startBuild(spec(`http://10.0.2.2:${port}`));
      const ended = await engine.client.waitForBuild(started.id);
      expect(ended.failure).toBeUndefined();
      expect(ended.state).toBe('succeeded');
      const steps = ended.stages.flatMap((stage) => stage.steps);
      for (const artifact of await engine.client.listArtifacts(started.id)) {
        await engine.client.downloadArtifact(started.id, artifact.name, folder);
        const { milliseconds } = steps.find(({ id }) => id === artifact.type) ?? {};
        console.log(`${artifact.name}: ${artifact.size} bytes, ${milliseconds?.program ?? 0} ms`);
      }
      console.log(`module.whole: ${steps.find(({ id }) => id === 'module.whole')?.milliseconds?.program ?? 0} ms`);
    } finally {
      await engine.close();
      removeFolder(directory);
    }
    execFileSync('tar', ['-xf', join(folder, 'edge.netboot.tar'), '-C', served]);
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  it('that iPXE starts over HTTP, with the tree fetched by the system itself', async () => {
    expect(readdirSync(served).sort()).toEqual(['boot.ipxe', 'filesystem.squashfs', 'initrd.img', 'vmlinuz']);
    const checks = {
      hostname: 'edge-01',
      'id -un': 'ops',
      'cat /etc/motd': 'built here',
      'findmnt -no FSTYPE / | cat': 'overlay',
      'touch ~/x && ls ~': 'x',
      'systemctl is-system-running --wait': 'running',
      'grep -c "boot=live fetch=http://10.0.2.2" /proc/cmdline': '1',
    };
    const boot = await bootNetwork({
      ...{ script: `http://10.0.2.2:${port}/boot.ipxe`, firmware: 'bios', timeoutSeconds: 600 },
      ...{ expect: /edge-01 login:/, login: { user: 'ops', password }, interact: Object.keys(checks) },
    });
    console.log(
      `login prompt after ${boot.bootSeconds.toFixed(0)} s (${boot.acceleration}); asked: ${asked.join(', ')}`,
    );
    const seen = Object.fromEntries(Object.keys(checks).map((command, at) => [command, boot.outputs[at]]));
    expect(seen).toEqual(checks);
    // Where acceleration was tried in vain, a first machine may have asked too.
    expect(asked.slice(-4)).toEqual(
      ['boot.ipxe', 'vmlinuz', 'initrd.img', 'filesystem.squashfs'].map((name) => `GET ${name}`),
    );
  });

  it('whose archive for WSL is the tree of the tar without the initial RAM file system, and with its settings', async () => {
    const unpack = async (name: string, input: Buffer) => {
      const tree = join(folder, name);
      mkdirSync(tree);
      const options = [
        '--delay-directory-restore',
        '--numeric-owner',
        '--xattrs',
        '--xattrs-include=*',
        '-xpf',
        '-',
        '-C',
        tree,
      ];
      execFileSync('tar', options, { input });
      return { tree, paths: await listTree(tree) };
    };
    const found = await unpack('wsl', gunzipSync(readFileSync(join(folder, 'edge.wsl'))));
    // The tar has the initial RAM file system and what links to it beside.
    const plain = execFileSync('zstd', ['-dc', join(folder, 'edge.tar.zst')], { maxBuffer: 2e9 });
    const expected = await unpack('tar', plain);
    const absent = [...expected.paths.keys()].filter((path) => !found.paths.has(path));
    expect(absent.filter((path) => !/^(dev\/|boot\/initrd\.img-|initrd\.img$|vmlinuz$)/.test(path))).toEqual([]);
    expect([...found.paths.keys()].filter((path) => !expected.paths.has(path)).sort()).toEqual([
      'etc/wsl-distribution.conf',
      'etc/wsl.conf',
    ]);
    const different = [...found.paths].filter(([path, line]) => (expected.paths.get(path) ?? line) !== line);
    expect(different.map(([path, line]) => `${path}: ${line} | ${expected.paths.get(path)}`)).toEqual([]);
    expect(found.paths.size).toBeGreaterThan(3_000);
    expect(readFileSync(join(found.tree, 'etc/wsl.conf'), 'utf8')).toBe(
      '[boot]\nsystemd=true\n\n[network]\nhostname=edge-01\n\n[user]\ndefault=ops\n',
    );
    console.log(`${found.paths.size} paths; wsl ${sha256(readFileSync(join(folder, 'edge.wsl'))).slice(0, 12)}`);
  });
});
