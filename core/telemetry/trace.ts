import { z } from 'zod';
import type { AttemptRecord, BuildRecord, StageRecord, StepRecord } from '../builds/build-record.ts';
import { sha256 } from '../digest.ts';
import { asShown } from '../sharing/work-of.ts';

/*
 * A build's trace in the form that OpenTelemetry's collectors take: OTLP as JSON (opentelemetry-proto,
 * ExportTraceServiceRequest; docs/specs/otlp, "JSON Protobuf Encoding"). Ids are hexadecimal there, times are strings of
 * nanoseconds.
 */
const traceIdSchema = z.string().regex(/^[0-9a-f]{32}$/);
const spanIdSchema = z.string().regex(/^[0-9a-f]{16}$/);
const nanosecondsSchema = z.string().regex(/^[0-9]{1,20}$/);

const attributeSchema = z.strictObject({
  key: z.string(),
  value: z.union([z.strictObject({ stringValue: z.string() }), z.strictObject({ intValue: z.string() })]),
});

const spanSchema = z
  .strictObject({
    traceId: traceIdSchema,
    spanId: spanIdSchema,
    parentSpanId: spanIdSchema.exactOptional(),
    name: z.string(),
    kind: z.literal(1).describe('SPAN_KIND_INTERNAL.'),
    startTimeUnixNano: nanosecondsSchema,
    endTimeUnixNano: nanosecondsSchema,
    attributes: z.array(attributeSchema),
    status: z.strictObject({
      code: z.union([z.literal(0), z.literal(1), z.literal(2)]).describe('Unset, ok, error.'),
      message: z.string().exactOptional(),
    }),
  })
  .meta({ id: 'TraceSpan' });
type Span = z.infer<typeof spanSchema>;

export const buildTraceSchema = z
  .strictObject({
    resourceSpans: z.array(
      z.strictObject({
        resource: z.strictObject({ attributes: z.array(attributeSchema) }),
        scopeSpans: z.array(
          z.strictObject({ scope: z.strictObject({ name: z.string() }), spans: z.array(spanSchema) }),
        ),
      }),
    ),
  })
  .meta({ id: 'BuildTrace' });
export type BuildTrace = z.infer<typeof buildTraceSchema>;

/** What a trace is made of: a build, and what stands under the build whose work it has. */
export interface Traced {
  readonly build: BuildRecord;
  readonly stages: readonly StageRecord[];
  readonly attempts: readonly AttemptRecord[];
  readonly steps: readonly StepRecord[];
}

/** The id of a build's trace: whoever knows the build can compute it, and it needs to be stored nowhere. */
export const traceIdOf = (buildId: string): string => sha256(`lbuild trace ${buildId}`).slice(0, 32);

/**
 * Where the time of a build went, from its submission through its plan, the queue, stages and their attempts to the steps
 * in their builders. What has not ended yet is not in it. Nothing is stored for it: records have all of its times.
 */
export function traceOf({ build: stored, stages, attempts, steps }: Traced): BuildTrace {
  const build = asShown(stored);
  const { id, submittedAt, plannedAt, startedAt, endedAt, failure } = build;
  const traceId = traceIdOf(id);
  const spanOf = (name: string): string => sha256(`${traceId} ${name}`).slice(0, 16);
  const spans: Span[] = [];
  const add = (span: Timed): void => {
    const { at, name, parent, from, to, failed, attributes } = span;
    if (from === undefined || to === undefined) return;
    spans.push({
      ...{ traceId, spanId: spanOf(at), ...(parent === undefined ? {} : { parentSpanId: spanOf(parent) }) },
      ...{ name, kind: 1, startTimeUnixNano: nanoseconds(from), endTimeUnixNano: nanoseconds(later(from, to)) },
      ...{
        attributes: attributesOf(attributes),
        status: failed === undefined ? { code: 1 } : { code: 2, message: failed },
      },
    });
  };
  add({
    ...{ at: 'build', name: `build ${build.name}`, from: submittedAt, to: endedAt },
    ...{ failed: build.state === 'succeeded' ? undefined : (failure?.code ?? build.state) },
    attributes: { 'lbuild.state': build.state, 'lbuild.plan.digest': build.planDigest },
  });
  add({ at: 'plan', name: 'plan', parent: 'build', from: submittedAt, to: plannedAt, attributes: {} });
  add({ at: 'queue', name: 'queue', parent: 'build', from: plannedAt, to: startedAt, attributes: {} });
  for (const stage of stages) {
    add({
      ...{ at: `stage ${stage.id}`, name: `stage ${stage.id}`, parent: 'build' },
      ...{ from: stage.startedAt, to: stage.endedAt },
      ...{ failed: stage.state === 'succeeded' ? undefined : (stage.failure?.code ?? stage.state) },
      attributes: { 'lbuild.stage': stage.id, 'lbuild.trust': stage.trust, 'lbuild.state': stage.state },
    });
  }
  for (const one of attempts) {
    const { stage, attempt, ending = 'reported', size } = one;
    add({
      ...{ at: `attempt ${stage} ${attempt}`, name: `attempt ${attempt}`, parent: `stage ${stage}` },
      ...{ from: one.preparedAt, to: one.endedAt, failed: ending === 'reported' ? undefined : ending },
      attributes: {
        ...{ 'lbuild.stage': stage, 'lbuild.attempt': attempt, 'lbuild.ending': ending },
        ...{ 'lbuild.vcpu': size?.vcpu, 'lbuild.memory_mib': size?.memoryMiB },
      },
    });
  }
  const stageOf = new Map(stages.flatMap((stage) => stage.steps.map((step) => [step, stage.id] as const)));
  for (const step of steps) {
    const stage = stageOf.get(step.id) ?? '';
    add({
      ...{ at: `step ${step.id}`, name: `step ${step.id}`, parent: `attempt ${stage} ${step.attempt}` },
      ...{ from: step.startedAt, to: step.endedAt },
      attributes: { 'lbuild.step': step.id, 'lbuild.program': step.program, 'lbuild.bytes': step.bytes },
    });
  }
  const resource = attributesOf({
    ...{ 'service.name': 'linux-builder-engine', 'lbuild.build.id': id, 'lbuild.tenant.id': build.tenantId },
  });
  const scope = { name: 'linux-builder-engine' };
  return { resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ scope, spans }] }] };
}

interface Timed {
  /** Its place in the build, unique there. */
  readonly at: string;
  readonly name: string;
  readonly parent?: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Why, where it did not go well. */
  readonly failed?: string | undefined;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
}

/** The clocks of the store and of functions differ a little: nothing ends before it begins. Times sort as text. */
const later = (one: string, other: string): string => [one, other].sort().at(-1) ?? one;

/** Times are kept in milliseconds. */
const nanoseconds = (time: string): string => `${Date.parse(time)}000000`;

const attributesOf = (values: Timed['attributes']): z.infer<typeof attributeSchema>[] =>
  Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [
      { key, value: typeof value === 'number' ? { intValue: String(Math.round(value)) } : { stringValue: value } },
    ];
  });
