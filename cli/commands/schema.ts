import { Command } from 'commander';
import type { Output } from '../output.ts';

/** `lbuild schema`: prints the JSON Schema of a spec, for editors. */
export function schemaCommand(output: Output): Command {
  return new Command('schema').description('print the JSON Schema of a spec, for editors').action(async () => {
    // Loaded here and not above: the schema is the largest thing that most commands never need.
    const { specJsonSchema } = await import('../../core/spec/json-schema.ts');
    output.document(specJsonSchema());
  });
}
