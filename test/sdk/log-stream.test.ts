import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { EngineUnreachable } from '../../sdk/engine-error.ts';
import type { EngineOrder } from './engine-process.ts';

const program = path.join(import.meta.dirname, 'engine-process.ts');
const startedSchema = z.object({ url: z.string() });
const begunSchema = z.object({ apiKey: z.string(), build: z.string() });

/** An engine as a process, which is killed and started again on the same folder and port. */
interface KillableEngine {
  readonly url: string;
  order(order: EngineOrder): Promise<unknown>;
  kill(): Promise<void>;
}

let directory: string;
const processes = new Set<ChildProcess>();
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lbuild-restarts-'));
});
afterEach(async () => {
  await Promise.all([...processes].map(kill));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function kill(child: ChildProcess): Promise<void> {
  processes.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function start(folder: string, port = 0): Promise<KillableEngine> {
  const child = fork(program, [folder, String(port)], { execArgv: ['--no-warnings'] });
  processes.add(child);
  const said = async (): Promise<unknown> => {
    const [message] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('the engine ended'))),
    ]);
    return message;
  };
  const { url } = startedSchema.parse(await said());
  return {
    url,
    order: (order) => {
      const answer = said();
      child.send(order);
      return answer;
    },
    kill: () => kill(child),
  };
}

const portOf = (url: string) => Number(new URL(url).port);
const lines = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ at, step: 'bootstrap', stream: 'out' as const, text: `line ${at}` }));

async function begun(name: string) {
  const folder = path.join(directory, name);
  const engine = await start(folder);
  const { apiKey, build } = begunSchema.parse(await engine.order({ kind: 'begin' }));
  return { folder, engine, build, client: new LinuxBuilderClient({ url: engine.url, apiKey }) };
}

describe('a log stream', () => {
  it('survives that the engine is killed and started again, twice, without a lost or a doubled line', async () => {
    const { folder, engine: first, build, client } = await begun('twice');
    await first.order({ kind: 'log', build, lines: lines(100) });
    const seen: string[] = [];
    const stream = client.streamLogs(build);
    const reading = (async () => {
      for await (const { text } of stream) seen.push(text);
    })();
    const sees = async (count: number) => {
      while (seen.length < count) await sleep(20);
    };
    await sees(100);
    await first.kill();
    await sleep(300);
    const second = await start(folder, portOf(first.url));
    await second.order({ kind: 'log', build, lines: lines(250) });
    await sees(250);
    await second.kill();
    const third = await start(folder, portOf(first.url));
    await third.order({ kind: 'log', build, lines: lines(300) });
    await third.order({ kind: 'end', build });
    await reading;
    expect(seen).toEqual(lines(300).map(({ text }) => text));
    expect(stream.cursor).toMatch(/^s1\/1\/\d+$/);
    expect(await client.waitForBuild(build)).toMatchObject({ state: 'succeeded', ended: true });
  });

  it('goes on in a later stream where an earlier one was left, and tells what is there now without waiting', async () => {
    const { engine, build, client } = await begun('later');
    await engine.order({ kind: 'log', build, lines: lines(10) });
    const textsOf = async (stream: ReturnType<typeof client.streamLogs>) => {
      const texts: string[] = [];
      for await (const { text } of stream) texts.push(text);
      return texts;
    };
    const early = client.streamLogs(build, { follow: false });
    expect(await textsOf(early)).toHaveLength(10);
    await engine.order({ kind: 'log', build, lines: lines(15) });
    const { cursor } = early;
    if (cursor === undefined) throw new Error('there is no cursor');
    const late = await textsOf(client.streamLogs(build, { follow: false, cursor }));
    expect(late).toEqual(
      lines(15)
        .slice(10)
        .map(({ text }) => text),
    );
    expect(await textsOf(client.streamLogs(build, { follow: false, stage: 's1' }))).toHaveLength(15);
  });

  it('gives up where the engine stays away for longer than it is to wait', async () => {
    const { engine, build, client } = await begun('away');
    await engine.kill();
    const began = performance.now();
    const iterator = client.streamLogs(build, { patienceMilliseconds: 1_500 })[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toThrow(EngineUnreachable);
    await expect(client.waitForBuild(build, { patienceMilliseconds: 0 })).rejects.toThrow(EngineUnreachable);
    expect(performance.now() - began).toBeGreaterThan(250);
  });

  it('ends with the reason of its signal while it waits for lines', async () => {
    const { build, client } = await begun('aborted');
    const signal = AbortSignal.timeout(500);
    const iterator = client.streamLogs(build, { signal })[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('says at once what the engine refuses', async () => {
    const { client } = await begun('refused');
    const iterator = client.streamLogs('bld_none')[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toMatchObject({ code: 'build.not_found' });
  });
});
