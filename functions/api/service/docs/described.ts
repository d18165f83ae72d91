import { z } from 'zod';

/** The parts of an OpenAPI document that the page shows; what else it holds is left alone. */
const reference = z.object({ $ref: z.string() });
const schema = z.record(z.string(), z.unknown());
const example = z.object({ summary: z.string().optional(), value: z.unknown() });
const media = z.object({
  schema,
  example: z.unknown().optional(),
  examples: z.record(z.string(), z.union([reference, example])).optional(),
});
const header = z.object({ description: z.string().optional() });
const response = z.object({
  description: z.string(),
  headers: z.record(z.string(), z.union([reference, header])).optional(),
  content: z.record(z.string(), media).optional(),
});
const parameter = z.object({
  name: z.string(),
  in: z.string(),
  required: z.boolean().optional(),
  description: z.string().optional(),
  schema,
});
const operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(z.union([reference, parameter])).optional(),
  requestBody: z.object({ required: z.boolean().optional(), content: z.record(z.string(), media) }).optional(),
  responses: z.record(z.string(), z.union([reference, response])),
});
export const describedSchema = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string() }),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({
    schemas: z.record(z.string(), schema),
    responses: z.record(z.string(), response),
    parameters: z.record(z.string(), parameter),
    headers: z.record(z.string(), header),
    examples: z.record(z.string(), example),
  }),
});

export type Described = z.infer<typeof describedSchema>;
export type DescribedSchema = z.infer<typeof schema>;
export type DescribedMedia = z.infer<typeof media>;
export type DescribedResponse = z.infer<typeof response>;
export type DescribedParameter = z.infer<typeof parameter>;

/** An operation with where it is. */
export interface PlacedOperation extends z.infer<typeof operation> {
  readonly method: string;
  readonly path: string;
}

/** Name of a component by what refers to it: `Build` of `#/components/schemas/Build`. */
export function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

/** What a reference stands for. @throws Error where the document has no such component */
export function resolved<T extends object>(value: T | { $ref: string }, components: Readonly<Record<string, T>>): T {
  if (!('$ref' in value)) return value;
  const found = components[nameOf(String(value.$ref))];
  if (found === undefined) throw new Error(`the document has no ${String(value.$ref)}`);
  return found;
}
