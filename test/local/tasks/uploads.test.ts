import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { decodeIndex } from '../../../containers/builder/layers/index-file.ts';
import { sha256 } from '../../../core/digest.ts';
import { stageStep } from '../../support/stage-engine.ts';
import { failureOf, startTask, useTaskBench } from '../../support/task-bench.ts';

const bench = useTaskBench();
const bytes = randomBytes(20_000_000);
const upload = sha256(bytes);
const file = (path: string) => ({ path, upload, mode: '0640', owner: 'root', group: '42' });
const step = stageStep({
  ...{ id: 'files', program: 'files', trust: 'service' },
  options: { files: [file('/srv/model.bin'), file('/srv/again.bin')] },
});

it('a task fetches an upload once, and both modes make the same layer of it', async () => {
  const layers: unknown[] = [];
  for (const mode of ['contained', 'privileged'] as const) {
    const runner = await bench.openRunner(mode);
    const engine = await bench.stageEngine([step], { blobs: new Map([[upload, bytes]]) });
    await startTask(runner, engine);
    expect(engine.result()).toMatchObject({ outcome: 'succeeded' });
    const asked = engine.requests.filter((request) => request.kind === 'fetch' && request.digest === upload);
    expect(asked).toHaveLength(1);
    const { entries } = await decodeIndex(engine.outputs.get('files/index') ?? Buffer.alloc(0));
    const found = entries.filter(({ path }) => path.endsWith('.bin'));
    expect(found.map(({ path }) => path).sort()).toEqual(['srv/again.bin', 'srv/model.bin']);
    for (const entry of found) expect(entry).toMatchObject({ size: bytes.length, digest: upload, gid: 42 });
    layers.push(engine.receipt('files')?.layer);
    await runner.close();
  }
  expect(layers[0]).toBeDefined();
  expect(layers[1]).toEqual(layers[0]);
});

it('a task refuses other bytes under the digest, as it refuses a damaged layer', async () => {
  const runner = await bench.openRunner('contained');
  const wrong = Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]);
  const engine = await bench.stageEngine([step], { blobs: new Map([[upload, wrong]]) });
  expect(await failureOf(startTask(runner, engine))).toMatchObject({ Containers: [{ ExitCode: 65 }] });
  expect(engine.result()?.failure).toMatchObject({ step: 'files', code: 'layer.damaged' });
  expect(engine.result()?.failure?.reason).toContain(upload);
  expect(engine.outputs.has('files/receipt')).toBe(false);
});
