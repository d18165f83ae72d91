import type { Command } from 'commander';
import { capabilityText } from '../capability-report.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild capabilities`: what the engine can build. */
export function capabilitiesCommand(output: Output): Command {
  return engineCommand('capabilities')
    .description('show what can be built here: outputs, what each makes of a spec, architectures, releases')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const capabilities = await connect(options).service.readCapabilities();
      if (options.json) output.document(capabilities);
      else output.line(capabilityText(capabilities));
    });
}
