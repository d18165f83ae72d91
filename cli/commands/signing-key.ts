import type { Command } from 'commander';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild signing-key`: prints the public key that the engine's evidence is verified with. */
export function signingKeyCommand(output: Output): Command {
  return engineCommand('signing-key')
    .description('print the public key of the engine’s evidence, for `lbuild verify-artifact --key`')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const key = await connect(options).service.readSigningKey();
      if (options.json) output.document(key);
      else output.line(key.publicKey.trimEnd());
    });
}
