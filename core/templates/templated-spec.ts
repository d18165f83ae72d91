import { z } from 'zod';
import { parameterNameSchema } from './parameters.ts';

/**
 * A spec that names a template, as a document shows it. Its other members are those of a spec, each of which may be left
 * out, be null, or be put in place by `$replace`: what decides is the check of what it comes to.
 */
export const templatedSpecSchema = z
  .looseObject({
    template: z.string().describe('The template that the spec is laid over: name, name@version, id or id@version.'),
    parameters: z
      .record(parameterNameSchema, z.union([z.string(), z.int(), z.boolean(), z.array(z.string())]))
      .optional()
      .describe('Values of its parameters, by name.'),
  })
  .describe('A spec that is laid over a template: any members of a spec, which come over what the template has.');
