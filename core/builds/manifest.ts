import { z } from 'zod';
import { jsonObjectSchema } from '../json.ts';
import { archiveStateSchema } from '../plan/archive-state.ts';
import { largestInspection } from '../plan/programs/inspection-limits.ts';
import { outputTypes } from '../spec/releases.ts';
import { partDigestsSchema } from './parts.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
/** Name of an artifact: that of the spec (at most 63 characters) and an ending. */
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,79}$/);

/** Bytes of the largest file of a test: of a serial log more is kept of nobody, and a screen has less. */
export const testFileBytes = 8_388_608;

/** A layer as a builder meets it. `digest` is of the compressed tar, `diffId` of the tar, `index` of the index blob. */
export const layerReferenceSchema = z.strictObject({
  step: z.string(),
  digest,
  size: z.number().int().min(0),
  diffId: digest,
  index: digest,
  indexSize: z.number().int().min(0),
});
export type LayerReference = z.infer<typeof layerReferenceSchema>;

export const trustClasses = ['service', 'tenant', 'seal'] as const;
export type TrustClass = (typeof trustClasses)[number];

export const manifestStepSchema = z.strictObject({
  id: z.string(),
  program: z.string(),
  version: z.number().int().min(1),
  trust: z.enum(trustClasses),
  key: digest,
  options: jsonObjectSchema,
  needs: z.array(z.string()).describe('Steps that it works on, in this stage or before it.'),
  produces: z.enum(['layer', 'module', 'artifact', 'report', 'inspection']),
  timeoutSeconds: z.number().int().min(1),
});

/** A module as a builder meets it: layers as one squashfs image. */
export const moduleReferenceSchema = z.strictObject({
  step: z.string().describe('The step that made it.'),
  digest,
  size: z.number().int().min(0),
  layers: z.array(z.string()).min(1).describe('Steps whose layers it holds, lowest first.'),
});
export type ModuleReference = z.infer<typeof moduleReferenceSchema>;

/** An artifact as a builder meets it. */
export const artifactReferenceSchema = z.strictObject({
  step: z.string().describe('The step that made it.'),
  digest,
  size: z.number().int().min(0),
});
export type ArtifactReference = z.infer<typeof artifactReferenceSchema>;

const testFileSchema = z.strictObject({ size: z.number().int().min(0).max(testFileBytes), sha256: digest });

/** What a boot test came to: its verdict, what the serial line showed, and a picture of the screen as PNG. */
export const testReportSchema = z.strictObject({
  passed: z.boolean(),
  log: testFileSchema,
  screen: testFileSchema.optional().describe('Absent where the machine had ended before.'),
});
export type TestReport = z.infer<typeof testReportSchema>;

/** The file of an inspection, as a builder and the records of a build know it. */
export const inspectionFileSchema = z.strictObject({
  size: z.number().int().min(1).max(largestInspection),
  sha256: digest,
});
export type InspectionFile = z.infer<typeof inspectionFileSchema>;

/** What can be downloaded of a build. */
export const artifactTypes = outputTypes;

/**
 * All that a builder is told about its attempt. It is fetched once by a presigned URL; the ticket in it is the
 * builder's only authority and dies with the attempt.
 */
export const manifestSchema = z.strictObject({
  format: z.literal('lbuild-manifest/1'),
  buildId: z.string(),
  stageId: z.string(),
  attempt: z.number().int().min(1),
  exchangeUrl: z.url(),
  ticket: z.string(),
  sourceDateEpoch: z.number().int().min(0),
  architecture: z.enum(['amd64', 'arm64']),
  release: z.string(),
  archive: archiveStateSchema,
  privateArchiveHosts: z
    .array(z.string())
    .optional()
    .describe('Hosts with private addresses at which archives that the spec names may be. Absent: none.'),
  base: z
    .array(
      layerReferenceSchema.extend({
        after: z
          .array(z.string())
          .describe(
            'Steps that this layer was built on. Two layers of which neither is built on the other must agree.',
          ),
      }),
    )
    .describe('Layers that the steps work on, lowest first.'),
  modules: z.array(moduleReferenceSchema).describe('Modules that are there already and that the steps read.'),
  artifacts: z
    .array(artifactReferenceSchema)
    .optional()
    .describe('Artifacts that are there already and that the steps read.'),
  steps: z.array(manifestStepSchema).min(1),
  keepGoing: z.boolean().describe('A failure ends only the steps that need the failed one.'),
  limits: z.strictObject({
    treeBytes: z.number().int(),
    logBytes: z.number().int(),
    heartbeatSeconds: z.number().int(),
  }),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestStep = z.infer<typeof manifestStepSchema>;

/** What a builder may make ready before it has a stage: layers that many builds begin with, lowest first. */
export const warmthSchema = manifestSchema.pick({ base: true, modules: true });
export type Warmth = z.infer<typeof warmthSchema>;

/** What a step's end reports. Attacker-controlled where tenant code ran: bounded here, verified when settled. */
export const receiptSchema = z.strictObject({
  format: z.literal('lbuild-receipt/1'),
  step: z.string(),
  key: digest,
  layer: layerReferenceSchema.optional(),
  module: moduleReferenceSchema.optional(),
  artifact: z
    .strictObject({
      name,
      type: z.enum(artifactTypes),
      size: z.number().int().min(0),
      sha256: digest,
      mediaType: z.string().max(100),
    })
    .optional(),
  test: testReportSchema.optional(),
  inspection: inspectionFileSchema.optional(),
  parts: z
    .strictObject({
      layer: partDigestsSchema.optional(),
      index: partDigestsSchema.optional(),
      module: partDigestsSchema.optional(),
      artifact: partDigestsSchema.optional(),
    })
    .optional()
    .describe('Of each output that went up in parts, since the store knows only a checksum of these.'),
  facts: z.record(z.string().max(60), z.string().max(200)).describe('Small things worth showing: counts, sizes.'),
  milliseconds: z.strictObject({
    program: z.number().int().min(0).describe('The step program itself.'),
    capture: z.number().int().min(0).describe('Taking the difference and making layer and index.'),
  }),
});
export type Receipt = z.infer<typeof receiptSchema>;

/** Why an attempt did not do all its steps. */
export const stepFailureSchema = z.strictObject({
  step: z.string(),
  code: z.enum([
    'script.failed',
    'script.timeout',
    'step.failed',
    'step.timeout',
    'package.not_found',
    'archive.changed',
    'archive.untrusted',
    'archive.unreachable',
    'archive.unauthorized',
    'archive.gone',
    'secret.not_found',
    'secret.damaged',
    'lock.packages_gone',
    'test.failed',
    'limit.disk',
    'limit.output',
    'layer.conflict',
    'layer.damaged',
    'build.cancelled',
  ]),
  reason: z.string().max(2_000),
  exitCode: z.number().int().optional(),
  logTail: z.array(z.string().max(500)).max(40),
});
export type StepFailure = z.infer<typeof stepFailureSchema>;

/** Where the time of an attempt went, by its builder's clock. */
export const stageTimesSchema = z
  .strictObject({
    total: z.number().int().min(0),
    restore: z.number().int().min(0).describe('Unpacking the base layers.'),
    steps: z.number().int().min(0).describe('Step programs and the capture of their layers.'),
    transfer: z.number().int().min(0).describe('Waiting for downloads and uploads beside the steps.'),
  })
  .meta({ id: 'StageTimes' });

/** The last thing that an agent writes; it then exits 0, whatever the outcome. */
export const stageResultSchema = z.strictObject({
  format: z.literal('lbuild-result/1'),
  stageId: z.string(),
  attempt: z.number().int(),
  outcome: z.enum(['succeeded', 'failed']),
  failure: stepFailureSchema.optional(),
  milliseconds: stageTimesSchema,
});
export type StageResult = z.infer<typeof stageResultSchema>;

/** One line of a log object (NDJSON). `at` is milliseconds since the attempt began: a log holds no clock time. */
export const logLineSchema = z.strictObject({
  at: z.number().int().min(0),
  step: z.string(),
  stream: z.enum(['out', 'err', 'agent']),
  text: z.string(),
});
export type LogLine = z.infer<typeof logLineSchema>;
