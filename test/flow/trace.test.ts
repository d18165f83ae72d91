import { describe, expect, it } from 'vitest';
import { findBuild } from '../../core/builds/build-repository.ts';
import { listAttempts, listStages, listSteps } from '../../core/builds/stage-repository.ts';
import { workOf } from '../../core/sharing/work-of.ts';
import type { SpecInput } from '../../core/spec/schema.ts';
import { buildTraceSchema, traceIdOf, traceOf } from '../../core/telemetry/trace.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});

async function tracedBuild(members: Partial<SpecInput>) {
  const { id } = await plane.ended((await plane.submit(specWith(members))).id);
  const { table } = plane.ports;
  const build = (await findBuild(table, id))?.value;
  if (build === undefined) throw new Error('the build is gone');
  const work = workOf(build);
  const [stages, attempts] = [await listStages(table, work), await listAttempts(table, work)];
  const steps = await listSteps(table, work);
  const trace = traceOf({
    build,
    stages: stages.map(({ value }) => value),
    attempts: attempts.map(({ value }) => value),
    steps,
  });
  expect(buildTraceSchema.parse(trace)).toEqual(trace);
  return { id, build, stages, attempts, steps, spans: trace.resourceSpans[0]?.scopeSpans[0]?.spans ?? [] };
}

/** Times of a store are to the second, and a step's end is when its receipt came. */
const slack = 1_000_000_000n;

describe('the trace of a build', () => {
  it('has the plan, the queue, each stage, attempt and step that ran, each within what it belongs to', async () => {
    const made = await tracedBuild({ steps: [{ id: 'hello', run: 'echo hello' }] });
    const byId = new Map(made.spans.map((span) => [span.spanId, span]));
    expect(byId.size).toBe(made.spans.length);
    const ran = made.steps.filter(({ hit }) => !hit);
    expect(made.spans.map(({ name }) => name).sort()).toEqual(
      [
        ...[`build ${made.build.name}`, 'plan', 'queue'],
        ...made.stages.map(({ value }) => `stage ${value.id}`),
        ...made.attempts.map(({ value }) => `attempt ${value.attempt}`),
        ...ran.map(({ id }) => `step ${id}`),
      ].sort(),
    );
    expect(ran.length).toBeGreaterThan(2);
    for (const span of made.spans) {
      expect([span.traceId, span.status]).toEqual([traceIdOf(made.id), { code: 1 }]);
      if (span.name.startsWith('build ')) {
        expect(span.parentSpanId).toBeUndefined();
        continue;
      }
      const parent = byId.get(span.parentSpanId ?? '');
      expect([span.name, parent === undefined]).toEqual([span.name, false]);
      const [from, to] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)];
      expect(from).toBeLessThanOrEqual(to);
      expect(from + slack).toBeGreaterThanOrEqual(BigInt(parent?.startTimeUnixNano ?? '0'));
      expect(to).toBeLessThanOrEqual(BigInt(parent?.endTimeUnixNano ?? '0') + slack);
    }
  });

  it('says where and why it failed', async () => {
    plane.agent.scripts.set('broken', [{ milliseconds: 20, fails: 'script.failed' }]);
    const made = await tracedBuild({ steps: [{ id: 'broken', run: 'false' }] });
    const failed = made.spans
      .filter(({ status }) => status.code === 2)
      .map(({ name, status }) => [name, status.message]);
    const code = made.build.failure?.code;
    expect(made.build.state).toBe('failed');
    expect(failed).toContainEqual([`build ${made.build.name}`, code]);
    expect(failed).toContainEqual([`stage ${made.build.failure?.stage}`, code]);
  });
});
