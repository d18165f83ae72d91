import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LogLine } from '../../../core/builds/manifest.ts';
import { logPlace } from '../../../core/builds/places.ts';
import { utf8 } from '../../../core/json.ts';
import { pollSlots, takePollSlot } from '../../../core/tenancy/poll-slots.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { startExample } from './example-spec.ts';
import { call, problemOf } from './http-call.ts';
import { forceState, storeLog, storeStage } from './stored-build.ts';

const logsSchema = z.strictObject({
  lines: z.array(z.looseObject({ stage: z.string(), step: z.string(), text: z.string() })),
  cursor: z.string().optional(),
  complete: z.boolean(),
});

function line(text: string, step = 'bootstrap'): LogLine {
  return { at: 1, step, stream: 'out', text };
}

/** Reading logs, by cursor and by waiting. */
export function describeLogs(api: () => ApiUnderTest): void {
  describe('logs', () => {
    let tenant: TenantUnderTest;
    let id: string;
    beforeAll(async () => {
      tenant = await api().tenant('logs');
      id = await startExample(api().url, tenant.keys.owner);
      const { ports } = api();
      await forceState(ports, id, 'running');
      await storeStage(ports, id, { id: 's1', state: 'succeeded', steps: ['bootstrap'], attempt: 2 });
      await storeStage(ports, id, { id: 's2', state: 'succeeded', steps: ['hit'], attempt: 0 });
      await storeStage(ports, id, { id: 's10', state: 'running', steps: ['iso'], attempt: 1 });
      await storeLog(ports, id, 's1', 1, [line('lost builder')]);
      await storeLog(ports, id, 's1', 2, [line('one'), line('two')]);
      await storeLog(ports, id, 's10', 1, [line('three', 'iso')]);
    });
    const answerOf = (build: string, query: string) =>
      call(`${api().url}/v1/builds/${build}/logs${query}`, { key: tenant.keys.viewer });
    const logs = async (query = '', build = id) => logsSchema.parse((await answerOf(build, query)).json());
    const texts = (part: z.infer<typeof logsSchema>) => part.lines.map(({ stage, text }) => `${stage} ${text}`);

    it('reads stage by stage and attempt by attempt, past stages that ran nothing', async () => {
      const part = await logs();
      expect(texts(part)).toEqual(['s1 lost builder', 's1 one', 's1 two', 's10 three']);
      expect(part.complete).toBe(false);
      expect(part.cursor).toMatch(/^s10\/1\/\d+$/);
      expect(await logs(`?cursor=${part.cursor}`)).toEqual({ lines: [], cursor: part.cursor, complete: false });
    });

    it('goes on from any cursor', async () => {
      expect(texts(await logs('?cursor=s1/2/0'))).toEqual(['s1 one', 's1 two', 's10 three']);
    });

    it('reads one stage, which is complete before its build', async () => {
      const part = await logs('?stage=s1');
      expect([texts(part), part.complete]).toEqual([['s1 lost builder', 's1 one', 's1 two'], true]);
    });

    it.each(['nothing', 's1/1', 's77/1/0', 's1/1/-1', '../1/0', 's1%2F1%2F0%0A'])(
      'refuses the cursor %s',
      async (cursor) => {
        const answer = await answerOf(id, `?cursor=${cursor}`);
        expect([answer.status, problemOf(answer).code]).toEqual([400, 'cursor.invalid']);
      },
    );

    it('is complete when the build has ended, and empty where it never began', async () => {
      const other = await startExample(api().url, tenant.keys.owner);
      expect(await logs('', other)).toEqual({ lines: [], complete: false });
      await forceState(api().ports, other, 'cancelled');
      expect(await logs('', other)).toEqual({ lines: [], complete: true });
    });

    it('shows hostile lines as text without control characters', async () => {
      const other = await startExample(api().url, tenant.keys.owner);
      await storeStage(api().ports, other, { id: 's1', state: 'running', steps: ['x'], attempt: 1 });
      const esc = String.fromCharCode(0x1b);
      const written = [
        JSON.stringify(line(`a${esc}[31mred${esc}[0m\tb\u0007\u0000\u009b31m\u2066`)),
        'no json',
        JSON.stringify({ at: -1, step: 'x', stream: 'out', text: 'wrong', more: 1 }),
        '{"at":1,"step":"x","stream":"out","te',
      ].join('\n');
      await api().ports.blobs.put(logPlace(other, 's1', 1), utf8(written), { contentType: 'application/x-ndjson' });
      const part = await logs('', other);
      expect(part.lines[0]?.text).toBe('ared\tb31m');
      expect(part.lines[1]).toMatchObject({ step: '-', text: 'no json' });
      expect(part.lines).toHaveLength(3);
      expect(JSON.stringify(part)).not.toContain('\\u0000');
    });

    it('pages a log of more than half a megabyte, each line once', async () => {
      const other = await startExample(api().url, tenant.keys.owner);
      await storeStage(api().ports, other, { id: 's1', state: 'succeeded', steps: ['x'], attempt: 1 });
      await forceState(api().ports, other, 'succeeded');
      const wanted = Array.from({ length: 8_000 }, (_, number) => line(`${number} ${'x'.repeat(100)}`, 'x'));
      await storeLog(api().ports, other, 's1', 1, wanted);
      const seen: string[] = [];
      let query = '';
      for (let complete = false; !complete; ) {
        const part = await logs(query, other);
        expect(part.lines.length).toBeGreaterThan(0);
        seen.push(...part.lines.map(({ text }) => text));
        query = `?cursor=${part.cursor}`;
        complete = part.complete;
      }
      expect(seen).toEqual(wanted.map(({ text }) => text));
    });

    it('waits for lines, and answers as soon as they come', async () => {
      const other = await startExample(api().url, tenant.keys.owner);
      await storeStage(api().ports, other, { id: 's1', state: 'running', steps: ['x'], attempt: 1 });
      const began = performance.now();
      const waiting = logs('?waitSeconds=20', other);
      setTimeout(() => void storeLog(api().ports, other, 's1', 1, [line('late', 'x')]), 300);
      expect(texts(await waiting)).toEqual(['s1 late']);
      expect(performance.now() - began).toBeGreaterThan(250);
      expect(performance.now() - began).toBeLessThan(5_000);
    });

    it('gives up waiting after the seconds asked for', async () => {
      const other = await startExample(api().url, tenant.keys.owner);
      const began = performance.now();
      expect((await logs('?waitSeconds=1', other)).lines).toEqual([]);
      expect(performance.now() - began).toBeGreaterThan(900);
    });

    it('answers at once where ten calls of the tenant wait already', async () => {
      const crowd = await api().tenant('crowd');
      const build = await startExample(api().url, crowd.keys.owner);
      const { ports } = api();
      const slots = [];
      for (let count = 0; count < pollSlots; count += 1) {
        slots.push(await takePollSlot(ports, crowd.tenantId, `holder ${count}`, 60));
      }
      expect(slots.every((slot) => slot !== undefined)).toBe(true);
      expect(await takePollSlot(ports, crowd.tenantId, 'one more', 60)).toBeUndefined();
      const address = `${api().url}/v1/builds/${build}/logs?waitSeconds=20`;
      const began = performance.now();
      expect((await call(address, { key: crowd.keys.owner })).status).toBe(200);
      expect(performance.now() - began).toBeLessThan(5_000);
      await slots[3]?.release();
      const freed = await takePollSlot(ports, crowd.tenantId, 'one more', 60);
      expect(freed).toBeDefined();
      // Whoever lost a slot cannot free it from under its new holder.
      await slots[3]?.release();
      expect(await takePollSlot(ports, crowd.tenantId, 'yet another', 60)).toBeUndefined();
    });
  });
}
