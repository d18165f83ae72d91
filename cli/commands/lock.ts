import type { Command } from 'commander';
import { z } from 'zod';
import { lockFile } from '../../core/lock/build-lock.ts';
import { connect } from '../connection.ts';
import { writeLockFile } from '../lock-file.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({ output: z.string().optional() });

/** `lbuild lock ID`: the lock of a build, as a file whose SHA-256 is its name in specs. */
export function lockCommand(output: Output): Command {
  return engineCommand('lock')
    .description('print what a build was made of, every package by digest, to build from it again')
    .argument('<id>', 'id of the build')
    .option('--output <file>', 'write it to a file, and print its SHA-256')
    .action(async (id: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const { sha256, lock } = await connect(options).builds.readLock(id);
      const { bytes } = lockFile(lock);
      if (options.output !== undefined) await writeLockFile(options.output, bytes);
      if (options.json) output.document({ id, sha256, ...(options.output === undefined ? { lock } : {}) });
      else output.line(options.output === undefined ? new TextDecoder().decode(bytes).trimEnd() : sha256);
    });
}
