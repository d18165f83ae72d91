import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstTenant } from '../../core/access/first-key.ts';
import { listBuilds } from '../../core/builds/build-repository.ts';
import { blobPlace } from '../../core/builds/places.ts';
import { loadPlan, scopeOf } from '../../core/builds/plan-store.ts';
import { findResult } from '../../core/builds/stage-repository.ts';
import type { Table } from '../../core/ports/table.ts';
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
    const [build] = (await listBuilds(stores.table, await tenantOf(stores.table), { limit: 1 })).builds;
    if (build === undefined) throw new Error('the build is not stored');
    const plan = await loadPlan(stores.blobs, build.id);
    for (const step of plan.steps) {
      const scope = scopeOf(step, build.tenantId);
      const layer = (await findResult(stores.table, scope, step.key))?.layer;
      if (layer !== undefined) unpack(stores.fileOf(blobPlace(scope, layer.digest).path), join(unpacked, step.id));
    }
    await stores.close();
    unpack(join(unpacked, 'small.tar.zst'), join(unpacked, 'artifact'));
  });
  afterAll(() => {
    removeFolder(directory);
    rmSync(unpacked, { recursive: true, force: true });
  });

  /** A layer by itself; device nodes are of no interest here. */
  function unpack(file: string, folder: string): void {
    mkdirSync(folder);
    const done = spawnSync('tar', ['--zstd', '-xf', file, '-C', folder, '--exclude=dev/*'], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`tar failed: ${done.stderr}`);
    layers.push(folder);
  }

  async function tenantOf(table: Table): Promise<string> {
    const tenantId = await firstTenant(table);
    if (tenantId === undefined) throw new Error('there is no tenant');
    return tenantId;
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
