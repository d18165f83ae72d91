import { z } from 'zod';
import { keptFileLimit, packageQuestionLimit } from './package-cache.ts';
import { largestObject, mostParts } from './parts.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** Outputs that can be large. */
const outputsInParts = z.enum(['layer', 'index', 'module', 'artifact']);

/**
 * The exchange: what a builder may ask with its ticket (`Authorization: Bearer <ticket>`).
 * `POST /v1/stages/{buildId}.{stageId}/attempts/{n}:exchange`, one question a call.
 */
export const exchangeRequestSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('declare').describe('Ask to upload one output of exactly these bytes in one request.'),
    step: z.string().describe('The step it belongs to; `-` for the result of the stage.'),
    output: z.enum(['layer', 'index', 'module', 'receipt', 'artifact', 'log', 'screen', 'inspection', 'result']),
    size: z.number().int().min(0).max(largestObject),
    sha256: digest,
  }),
  z.strictObject({
    kind: z.literal('declare-parts').describe('Begin the upload of a large output in parts; ask again: the same one.'),
    step: z.string(),
    output: outputsInParts,
    size: z.number().int().min(1).max(largestObject),
    partSize: z.number().int().min(1).describe('Bytes of each part but the last.'),
  }),
  z.strictObject({
    kind: z.literal('declare-part').describe('Ask to upload one part of exactly these bytes.'),
    step: z.string(),
    output: outputsInParts,
    number: z.number().int().min(1).max(mostParts),
    sha256: digest,
  }),
  z.strictObject({
    kind: z.literal('complete-parts').describe('Say that all parts are there: they become the output.'),
    step: z.string(),
    output: outputsInParts,
    parts: z
      .array(z.strictObject({ sha256: digest, etag: z.string().min(1).max(100) }))
      .min(1)
      .max(mostParts)
      .describe('All parts in order; `etag` as the store answered it.'),
  }),
  z.strictObject({
    kind: z.literal('fetch').describe('Ask for the download of a blob that the manifest names.'),
    digest,
  }),
  z.strictObject({
    kind: z.literal('secret').describe('Ask for the value of a secret that a step of the attempt names.'),
    step: z.string(),
    name: z.string().max(64),
  }),
  z.strictObject({
    kind: z
      .literal('packages')
      .describe('Ask for the downloads of files of the package archive, which may or may not be in the cache.'),
    digests: z.array(digest).max(packageQuestionLimit),
  }),
  z.strictObject({
    kind: z.literal('declare-package').describe('Ask to add a file of exactly these bytes to the package cache.'),
    size: z.number().int().min(0).max(keptFileLimit),
    sha256: digest,
  }),
  z.strictObject({
    kind: z.literal('heartbeat').describe('Tell that the agent lives and where it is; learn of cancellation.'),
    progress: z.strictObject({ step: z.string(), percent: z.number().int().min(0).max(100) }).optional(),
    log: z
      .strictObject({ size: z.number().int().min(0).max(16_777_216), sha256: digest })
      .optional()
      .describe('Ask to replace the attempt’s log object by one of exactly these bytes.'),
  }),
]);
export type ExchangeRequest = z.infer<typeof exchangeRequestSchema>;

export const signedRequestSchema = z.strictObject({
  method: z.enum(['GET', 'PUT']),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
});

export const exchangeResponseSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('upload'), request: signedRequestSchema }),
  z.strictObject({ kind: z.literal('download'), request: signedRequestSchema }),
  z.strictObject({
    kind: z.literal('packages'),
    requests: z.record(digest, signedRequestSchema).describe('By digest. What is not in the cache answers 403 or 404.'),
  }),
  z.strictObject({ kind: z.literal('secret'), value: z.string() }),
  z.strictObject({ kind: z.literal('heartbeat'), cancelled: z.boolean(), log: signedRequestSchema.optional() }),
  z.strictObject({ kind: z.literal('parts'), count: z.number().int().describe('Parts that are to come.') }),
  z.strictObject({ kind: z.literal('completed') }),
]);
export type ExchangeResponse = z.infer<typeof exchangeResponseSchema>;
