import { Command } from 'commander';
import { specJsonSchema } from '../../core/spec/json-schema.ts';
import type { Output } from '../output.ts';

/** `lbuild schema`: prints the JSON Schema of a spec, for editors. */
export function schemaCommand(output: Output): Command {
  return new Command('schema')
    .description('print the JSON Schema of a spec, for editors')
    .action(() => output.document(specJsonSchema()));
}
