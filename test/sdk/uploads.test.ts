import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { EngineUnreachable } from '../../sdk/engine-error.ts';
import { archive } from '../core/plan/plan-fixtures.ts';
import { type Caller, type OpenedApi, openApiOver } from '../support/callers.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});
let api: OpenedApi;
let caller: Caller;
let folder: string;
beforeAll(async () => {
  api = await openApiOver(plane.ports);
  caller = await api.caller('uploads');
});
afterAll(() => api?.close());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lbuild-uploads-'));
  return () => rm(folder, { recursive: true, force: true });
});

describe('an upload', () => {
  const file = async () => {
    const place = path.join(folder, 'given.bin');
    await writeFile(place, randomBytes(100_000));
    return place;
  };
  const clientBy = (own: typeof fetch) => new LinuxBuilderClient({ url: api.url, apiKey: caller.apiKey, fetch: own });
  const isToStore = (input: Parameters<typeof fetch>[0]) => !(input instanceof Request);

  it('goes by the fetch that is given: there may be no other way', async () => {
    const sent: string[] = [];
    const client = clientBy((input, init) => {
      if (isToStore(input)) sent.push(`${init?.method} ${String(input)}`);
      return fetch(input, init);
    });
    const place = await file();
    expect(await client.uploads.send(place)).toMatchObject({ name: 'given.bin', state: 'stored', size: 100_000 });
    await client.uploads.send(new Blob(['bytes of memory']));
    expect(sent).toEqual(Array(2).fill(expect.stringMatching(/^PUT http:/)));
  });

  it('is tried as often as the caller says', async () => {
    let tries = 0;
    const client = clientBy((input, init) => {
      if (!isToStore(input)) return fetch(input, init);
      tries += 1;
      return Promise.resolve(new Response(null, { status: 503 }));
    });
    const place = await file();
    await expect(client.uploads.send(place, { maxRetries: 0 })).rejects.toThrow(EngineUnreachable);
    expect(tries).toBe(1);
    await expect(client.uploads.send(place, { maxRetries: 2, pauses: [1] })).rejects.toThrow(EngineUnreachable);
    expect(tries).toBe(4);
  });
});
