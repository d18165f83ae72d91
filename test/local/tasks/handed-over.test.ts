import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import type { AttemptRecord } from '../../../core/builds/build-record.ts';
import type { TrustClass } from '../../../core/builds/manifest.ts';
import { attemptWrite } from '../../../core/builds/stage-repository.ts';
import { sha256 } from '../../../core/digest.ts';
import { type LocalObjects, openObjects } from '../../../local/object-store.ts';
import type { TaskRunner } from '../../../local/tasks/task-runner.ts';
import type { StageEngine } from '../../support/stage-engine.ts';
import { startTask, untilSaid, useTaskBench } from '../../support/task-bench.ts';

/**
 * What a task may hand over to the object store by a link, instead of sending it: the runner and the store as an engine
 * has them, and a test in the place of the agent.
 */
const bench = useTaskBench();
const content = Buffer.from('an image that was made');
let objects: LocalObjects;
/** Whose tasks the store asks. */
let runner: TaskRunner | undefined;

beforeAll(async () => {
  objects = await openObjects({
    directory: join(bench.folder, 'objects'),
    secrets: { s3AccessKeyId: 'AKIDEXAMPLE', s3SecretAccessKey: 'secret', cursorSecret: 'c'.repeat(43) },
    clock: createSystemClock(),
    handedOver: (path, name) => runner?.handedOver?.(path, name),
  });
});
afterAll(() => objects.close());

/** Begins a stage that waits, in a folder of tasks that no other runner has. */
async function begin(
  trust: TrustClass,
  folder: string,
): Promise<{ running: TaskRunner; end(): Promise<void> } & Place> {
  const directory = join(bench.folder, folder);
  const running = await bench.openRunner('contained', 1, directory);
  const engine = await bench.scriptEngine('echo waiting; sleep 600');
  const { buildId, stageId, attempt } = engine.manifest;
  const id = `${buildId}${folder}`;
  const manifest: StageEngine['manifest'] = { ...engine.manifest, buildId: id };
  const record: AttemptRecord = {
    ...{ stage: stageId, attempt, ticketHash: sha256('ticket'), trust, steps: ['site'], blobs: {} },
    state: 'live',
    preparedAt: new Date().toISOString(),
  };
  await bench.table.transact([attemptWrite(id, record, 'absent')]);
  const ended = startTask(running, { ...engine, manifest }, 'tsk_1').catch(() => undefined);
  await untilSaid(engine, 'waiting');
  const outputs = join(directory, 'tsk_1/outputs');
  mkdirSync(join(outputs, '7'));
  writeFileSync(join(outputs, '7/image'), content);
  return {
    ...{ running, outputs, staging: `staging/${id}/${stageId}/${attempt}/` },
    end: async () => {
      await running.stop('tsk_1', 'enough');
      await ended;
    },
  };
}

interface Place {
  /** The task's folder of outputs, on this machine. */
  readonly outputs: string;
  /** Where the objects of its attempt lie. */
  readonly staging: string;
}

const namesOfNoOutput = [
  ...['../image', '7/../image', '7/..', '../../tsk_2/outputs/7/image', '7/sub/image', '/etc/passwd', '7//image'],
  ...['./7/image', 'image', '7/Image', '7/im\0age', '7/image\n', ''],
];

it('a task that runs no tenant code hands over files of its own outputs for its own objects, while it runs', async () => {
  const { running, outputs, staging, end } = await begin('service', 'service');
  const other = await begin('seal', 'seal');
  const object = `${staging}site/image`;
  expect(running.handedOver?.(object, '7/image')).toBe(join(outputs, '7/image'));
  expect(other.running.handedOver?.(object, '7/image')).toBeUndefined();
  for (const path of [
    object.replace('staging/', 'staging/x'),
    object.replace('/s0/', '/s1/'),
    object.replace('/1/', '/2/'),
    object.replace('staging/', 'blobs/'),
    `x${object}`,
  ]) {
    expect(path).not.toBe(object);
    expect(running.handedOver?.(path, '7/image'), path).toBeUndefined();
  }
  for (const name of [...namesOfNoOutput, '9/image']) expect(running.handedOver?.(object, name), name).toBeUndefined();
  expect(running.handedOver?.(object, '7/image')).toBe(join(outputs, '7/image'));
  await end();
  expect(running.handedOver?.(object, '7/image')).toBeUndefined();
});

it('a task that runs tenant code hands over nothing', async () => {
  const { running, staging } = await begin('tenant', 'tenant');
  expect(await running.running()).toHaveLength(1);
  expect(running.handedOver?.(`${staging}site/image`, '7/image')).toBeUndefined();
});

describe('the store', () => {
  let task: Awaited<ReturnType<typeof begin>>;
  let count = 0;
  beforeEach(async () => {
    count += 1;
    task = await begin('seal', `store-${count}`);
    runner = task.running;
  });

  /** The store's files, of which a refused one goes once the store has seen that its client is gone: poll for that. */
  const bodies = () => {
    const all = readdirSync(join(bench.folder, 'objects/bodies'), { recursive: true, withFileTypes: true });
    return all.filter((entry) => entry.isFile()).length;
  };

  /** Offers a file for an object. `sent for`: the store asked for the bytes instead. */
  async function offer(name: string, digest: string): Promise<{ path: string; answer: string }> {
    count += 1;
    const path = `${task.staging}site/output-${count}`;
    const place = { bucket: 'work', path } as const;
    const { url, headers } = await objects.blobs.signPut(place, {
      ...{ size: content.length, sha256: digest, contentType: 'application/octet-stream' },
      ...{ ifAbsent: true, expiresSeconds: 60 },
    });
    const answer = await new Promise<string>((resolve, reject) => {
      const call = httpRequest(url, {
        method: 'PUT',
        headers: { ...headers, 'content-length': content.length, 'x-lbuild-file': name, expect: '100-continue' },
      });
      call.once('error', reject);
      call.once('continue', () => {
        resolve('sent for');
        call.destroy();
      });
      call.once('response', (response) => {
        const code = (body: string) => /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? '';
        text(response).then((body) => resolve(`${response.statusCode} ${code(body)}`.trim()), reject);
        call.end();
      });
      call.flushHeaders();
    });
    return { path, answer };
  }

  it('takes a file by a link', async () => {
    const { path, answer } = await offer('7/image', sha256(content));
    expect(answer).toBe('200');
    expect(statSync(objects.fileOf(path)).ino).toBe(statSync(join(task.outputs, '7/image')).ino);
  });

  it('refuses one whose bytes are others than were signed, and keeps no file of it', async () => {
    writeFileSync(join(task.outputs, '7/other'), content.toString('latin1').replace('made', 'Made'));
    const before = bodies();
    const { path, answer } = await offer('7/other', sha256(content));
    expect(answer).toBe('400 BadDigest');
    expect(await objects.blobs.head({ bucket: 'work', path })).toBeUndefined();
    await expect.poll(bodies).toBe(before);
    expect(statSync(join(task.outputs, '7/other')).nlink).toBe(1);
  });

  it('takes no symlink, nor what lies behind one', async () => {
    const outside = join(bench.folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'image'), content);
    symlinkSync(join(outside, 'image'), join(task.outputs, '7/link'));
    symlinkSync(outside, join(task.outputs, '8'));
    const before = bodies();
    for (const name of ['7/link', '8/image']) {
      const { path, answer } = await offer(name, sha256(content));
      expect(answer, name).toBe('sent for');
      expect(await objects.blobs.head({ bucket: 'work', path })).toBeUndefined();
    }
    await expect.poll(bodies).toBe(before);
    expect(statSync(join(outside, 'image')).nlink).toBe(1);
  });

  it('takes no folder, nothing absent, and nothing of another size', async () => {
    mkdirSync(join(task.outputs, '7/folder'));
    writeFileSync(join(task.outputs, '7/longer'), `${content}!`);
    for (const name of ['7/folder', '7/absent', '7/longer']) {
      expect((await offer(name, sha256(content))).answer, name).toBe('sent for');
    }
  });
});
