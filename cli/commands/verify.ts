import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import { buildLine, exitOfBuild, failureText } from '../build-report.ts';
import { connect } from '../connection.ts';
import { verificationText } from '../diff-report.ts';
import { setExit } from '../exit.ts';
import type { Output } from '../output.ts';
import { waitForBuild } from '../wait-for-build.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({
  wait: z.boolean().default(false),
  idempotencyKey: z.string().optional(),
});

/** `lbuild verify BUILD`: makes a build's image once more without the cache, and tells whether the same comes out. */
export function verifyCommand(output: Output): Command {
  return engineCommand('verify')
    .description(
      'make all that a build made once more, without the cache, and compare; prints the new build’s id first',
    )
    .argument('<build>', 'id of the build')
    .option('--wait', 'wait for the end, tell what it found, and exit by that')
    .option('--idempotency-key <key>', 'the same key and request within a day answer the same build')
    .action(async (id: string, given: unknown) => {
      const options = optionsSchema.parse(given);
      const engine = connect(options);
      const started = await engine.builds.verify(id, { idempotencyKey: options.idempotencyKey ?? randomUUID() });
      if (!options.json) output.line(buildLine(started));
      if (!options.wait) {
        if (options.json) output.document(started);
        return;
      }
      const build = await waitForBuild(engine, started.id, options.json);
      const found = (await engine.builds.listVerifications(id)).find((verification) => verification.build === build.id);
      if (options.json) output.document(found === undefined ? { build } : { build, verification: found });
      if (found === undefined) {
        if (!options.json) output.line(failureText(build) ?? buildLine(build));
        setExit(exitOfBuild(build));
        return;
      }
      if (!options.json) output.line(verificationText(found));
      if (found.verdict === 'different') setExit('different');
    });
}
