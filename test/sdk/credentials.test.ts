import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isTransient } from '../../sdk/engine-error.ts';
import { type ScriptedEngine, startScriptedEngine } from './scripted-engine.ts';

let engine: ScriptedEngine;
beforeAll(async () => {
  engine = await startScriptedEngine();
});
afterAll(() => engine?.close());
beforeEach(() => {
  engine.requests.length = 0;
});

describe('an API key', () => {
  it.each(['lbk_topsecret\nsecond', 'lbk_…', '', 'lbk top'])('%j is refused, and is in no message', async (apiKey) => {
    for (const given of [apiKey, () => apiKey]) {
      const client = engine.client({ apiKey: given });
      for (const call of [() => client.getStatus('bld_1'), () => client.builds.artifactAddress('bld_1', 'a.iso')]) {
        const error = await call().catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'client.usage', message: expect.stringMatching(/^apiKey: /) });
        expect(String(error)).not.toMatch(/top|…/);
        expect(isTransient(error)).toBe(false);
      }
    }
    expect(engine.requests).toHaveLength(0);
  });

  it('that cannot be had fails as it does', async () => {
    const missing = new Error('the token’s file is missing');
    const client = engine.client({ apiKey: () => Promise.reject(missing) });
    await expect(client.getStatus('bld_1')).rejects.toBe(missing);
    await expect(client.waitForBuild('bld_1')).rejects.toBe(missing);
    await expect(client.builds.artifactAddress('bld_1', 'a.iso')).rejects.toBe(missing);
  });
});

it('an idempotency key that no header can hold is refused by its name', async () => {
  for (const idempotencyKey of ['two\nlines', '…', '', 'x'.repeat(129)]) {
    const starting = engine.client().startBuild({ text: '{}', mediaType: 'application/json' }, { idempotencyKey });
    await expect(starting).rejects.toMatchObject({
      ...{ code: 'client.usage', message: expect.stringMatching(/^idempotencyKey: /) },
    });
  }
  expect(engine.requests).toHaveLength(0);
});
