import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findBuild } from '../../../core/builds/build-repository.ts';
import { stagingPlace } from '../../../core/builds/places.ts';
import { promoteReceipts } from '../../../core/builds/receipts.ts';
import { listArtifacts } from '../../../core/builds/stage-repository.ts';
import { sha256 } from '../../../core/digest.ts';
import { utf8 } from '../../../core/json.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import type { Table } from '../../../core/ports/table.ts';
import { contentPlace, contentUsePrefix } from '../../../core/retention/places.ts';
import { purge } from '../../../core/retention/purge.ts';
import { removeArtifacts } from '../../../core/retention/trash.ts';
import { openBench, type RetentionBench, RetentionWorld } from './retention-world.ts';

let bench: RetentionBench;
let world: RetentionWorld;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  world = await RetentionWorld.open(bench);
  // All that the tenant has is written down from here on.
  await world.clean();
});

const trash = (buildId: string) => removeArtifacts(world.ports, world.reach, buildId, world.actor);

/** Has a build's only step settle with these bytes, as its builder reports them. */
async function settle(buildId: string, content: string): Promise<string[]> {
  const { table, blobs } = world.ports;
  const key = sha256(`step of ${world.tenantId}`);
  const step = {
    ...{ id: 'tar', key, produces: 'artifact', program: 'tar', scope: 'tenant', needs: [] },
    options: { fileName: 'edge.tar' },
  };
  const attempt = { stage: 's1', attempt: 1, trust: 'tenant', steps: ['tar'] } as const;
  const place = (output: string) => stagingPlace(buildId, 's1', 1, 'tar', output);
  await blobs.put(place('artifact'), utf8(content), { contentType: 'application/octet-stream' });
  const receipt = {
    ...{ format: 'lbuild-receipt/1', step: 'tar', key, facts: {}, milliseconds: { program: 1, capture: 1 } },
    artifact: {
      ...{ name: 'edge.tar', type: 'tar', size: utf8(content).length, sha256: sha256(content) },
      mediaType: 'application/x-tar',
    },
  };
  await blobs.put(place('receipt'), utf8(JSON.stringify(receipt)), { contentType: 'application/json' });
  const build = (await findBuild(table, buildId))?.value;
  if (build === undefined) throw new Error('the build is missing');
  return promoteReceipts(world.ports, build, { steps: [step] } as unknown as Plan, attempt as never);
}

describe('two builds that make a step at once, not byte for byte the same', () => {
  it('both stand on the bytes that were first, and keep them as long as one of them is kept', async () => {
    const [first, second] = [await world.begin('edge', { force: true }), await world.begin('edge', { force: true })];
    expect(await settle(first, 'bytes of the first')).toEqual(['tar']);
    expect(await settle(second, 'bytes of the second')).toEqual(['tar']);
    for (const id of [first, second]) await world.end(id);
    const made = async (id: string) => (await listArtifacts(bench.table, id)).map((artifact) => artifact.sha256);
    expect(await made(second)).toEqual(await made(first));
    await trash(first);
    world.pass(8);
    await world.clean();
    expect([await world.state(first), await world.state(second)]).toEqual(['purged', 'kept']);
    expect(await world.lost(second)).toEqual([]);
    await trash(second);
    world.pass(8);
    await world.clean();
    expect(await world.lost(second)).toEqual(['edge.tar']);
  });

  it('stand on their own where the first bytes are gone', async () => {
    const [first, second] = [await world.begin('edge', { force: true }), await world.begin('edge', { force: true })];
    await settle(first, 'bytes of the first');
    await world.end(first);
    await trash(first);
    world.pass(8);
    await world.clean();
    expect(await settle(second, 'bytes of the second')).toEqual(['tar']);
    await world.end(second);
    expect((await listArtifacts(bench.table, second)).map((artifact) => artifact.sha256)).toEqual([
      sha256('bytes of the second'),
    ]);
    expect(await world.lost(second)).toEqual([]);
  });
});

describe('many images of the same bytes', () => {
  it('are purged with as many reads each, however many there are', async () => {
    const reads = async (count: number): Promise<number> => {
      world = await RetentionWorld.open(bench);
      await world.clean();
      const ids: string[] = [];
      for (let image = 0; image < count; image += 1) ids.push(await world.image(['the same']));
      for (const id of ids.slice(0, -1)) await trash(id);
      world.pass(8);
      let most = 0;
      for (const id of ids.slice(0, -1)) {
        let read = 0;
        const table: Table = {
          get: (key) => {
            read += 1;
            return bench.table.get(key);
          },
          query: (query) => {
            read += 1;
            return bench.table.query(query);
          },
          transact: (writes) => bench.table.transact(writes),
        };
        expect(await purge({ ...world.ports, table }, id)).toBe(true);
        most = Math.max(most, read);
      }
      const { partition } = contentPlace(world.tenantId, sha256('the same'));
      const { records } = await bench.table.query({ partition, sortPrefix: contentUsePrefix, limit: 100 });
      // The one that is kept, and at most what the last purge has just left.
      expect(records.length).toBeLessThanOrEqual(2);
      expect(await world.lost(ids.at(-1) ?? '')).toEqual([]);
      return most;
    };
    expect(await reads(24)).toBe(await reads(6));
  });
});
