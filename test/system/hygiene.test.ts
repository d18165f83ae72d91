import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineFolder, inspectStores, removeFolder, startTestEngine } from '../support/engine.ts';
import { smallSpec } from '../support/small-spec.ts';

/**
 * What must be in no layer, each layer unpacked by itself: a lower one keeps what an upper one deletes. The spec tries
 * hard: it installs an ssh server and makes keys and a machine id itself.
 */
describe('no layer and no artifact holds', () => {
  const directory = engineFolder();
  const unpacked = mkdtempSync(join(tmpdir(), 'lbuild-layers-'));
  const layers: string[] = [];

  beforeAll(async () => {
    const engine = await startTestEngine(directory);
    const run = [
      'ssh-keygen -A',
      'echo 0123456789abcdef0123456789abcdef > /etc/machine-id',
      'mkdir -p /var/lib/dbus && cp /etc/machine-id /var/lib/dbus/machine-id',
    ].join('\n');
    const spec = { ...smallSpec([{ id: 'keys', run }]), packages: { install: ['openssh-server'] } };
    const started = await engine.client.startBuild(spec);
    const ended = await engine.client.waitForBuild(started.id);
    expect(ended.failure).toBeUndefined();
    await engine.client.downloadArtifact(started.id, 'small.tar.zst', unpacked);
    await engine.stop();
    const stores = await inspectStores(directory);
    let cursor: string | undefined;
    do {
      const page = await stores.blobs.list('work', 'blobs/', cursor);
      for (const path of page.paths) unpack(stores.fileOf(path), join(unpacked, `layer-${layers.length}`));
      cursor = page.cursor;
    } while (cursor !== undefined);
    await stores.close();
    unpack(join(unpacked, 'small.tar.zst'), join(unpacked, 'artifact'));
  });
  afterAll(() => {
    removeFolder(directory);
    rmSync(unpacked, { recursive: true, force: true });
  });

  /** Indexes lie beside the layers and are no tar: they are left out. */
  function unpack(file: string, folder: string): void {
    spawnSync('mkdir', ['-p', folder]);
    const done = spawnSync('tar', ['--zstd', '-xf', file, '-C', folder, '--exclude=dev/*'], { encoding: 'utf8' });
    if (done.status === 0) layers.push(folder);
    else if (!/does not look like a tar archive/.test(done.stderr)) throw new Error(`tar failed: ${done.stderr}`);
  }

  function* files(folder: string): Generator<string> {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) yield join(entry.parentPath, entry.name);
    }
  }

  it('is looked at layer by layer', () => {
    // bootstrap, packages, system, keys; and the artifact.
    expect(layers).toHaveLength(5);
  });

  it('an ssh host key', () => {
    for (const layer of layers) expect([...files(layer)].filter((file) => /ssh_host_.*key/.test(file))).toEqual([]);
  });

  it('a machine id', () => {
    for (const layer of layers) {
      const ids = [...files(layer)].filter((file) => /\/(etc|var\/lib\/dbus)\/machine-id$/.test(file));
      expect(ids.filter((file) => statSync(file).size > 0)).toEqual([]);
    }
  });

  it('a private key', () => {
    for (const layer of layers) {
      const keys = [...files(layer)].filter((file) => {
        if (statSync(file).size > 1_000_000) return false;
        return /^-----BEGIN [A-Z ]*PRIVATE KEY-----$/m.test(readFileSync(file, 'latin1'));
      });
      expect(keys).toEqual([]);
    }
  });
});
