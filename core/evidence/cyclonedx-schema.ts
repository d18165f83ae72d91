import { z } from 'zod';

const reference = z.string().min(1);

/** A component of a bill of materials: what CycloneDX 1.6 requires, and what this engine writes. */
export const cyclonedxComponentSchema = z.strictObject({
  type: z.enum(['operating-system', 'library', 'file']),
  'bom-ref': reference,
  name: z.string().min(1),
  version: z.string().max(1_024).optional(),
  purl: z.string().startsWith('pkg:').optional(),
  hashes: z
    .array(z.strictObject({ alg: z.literal('SHA-256'), content: z.string().regex(/^[a-f0-9]{64}$/) }))
    .optional(),
  licenses: z
    .array(
      z.strictObject({
        license: z.union([z.strictObject({ id: z.string().min(1) }), z.strictObject({ name: z.string().min(1) })]),
      }),
    )
    .min(1)
    .optional(),
  properties: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
});
export type CyclonedxComponent = z.infer<typeof cyclonedxComponentSchema>;

/** The CycloneDX documents that this engine writes: CycloneDX 1.6 in JSON, narrowed to what is used of it. */
export const cyclonedxDocumentSchema = z.strictObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.6'),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  version: z.literal(1),
  metadata: z.strictObject({
    timestamp: z.iso.datetime(),
    tools: z.strictObject({
      components: z.array(z.strictObject({ type: z.literal('application'), name: z.string().min(1) })).min(1),
    }),
    component: cyclonedxComponentSchema,
  }),
  components: z.array(cyclonedxComponentSchema),
  dependencies: z.array(z.strictObject({ ref: reference, dependsOn: z.array(reference) })),
});
export type CyclonedxDocument = z.infer<typeof cyclonedxDocumentSchema>;
