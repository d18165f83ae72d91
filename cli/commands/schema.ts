import { Command } from 'commander';
import { z } from 'zod';
import type { Output } from '../output.ts';

const optionsSchema = z.object({ template: z.boolean().default(false) });

/** `lbuild schema`: prints the JSON Schema of a spec or of a template, for editors. */
export function schemaCommand(output: Output): Command {
  return new Command('schema')
    .description('print the JSON Schema of a spec, for editors')
    .option('--template', 'that of a template instead')
    .action(async (given: unknown) => {
      const { template } = optionsSchema.parse(given);
      // Loaded here and not above: the schema is the largest thing that most commands never need.
      const { specFileJsonSchema, templateJsonSchema } = await import('../../core/templates/json-schema.ts');
      output.document(template ? templateJsonSchema() : specFileJsonSchema());
    });
}
