import { Command, Option } from 'commander';
import { z } from 'zod';
import { connect } from '../connection.ts';
import { setExit } from '../exit.ts';
import type { Output } from '../output.ts';
import { automaticText, dataText, rebuildText, rescanText } from '../vulnerability-report.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild vulnerabilities …`: what is known of the packages of images. */
export function vulnerabilitiesCommand(output: Output): Command {
  return new Command('vulnerabilities')
    .description('the vulnerability data that images are scanned with, and which images a rebuild would mend')
    .addCommand(dataCommand(output))
    .addCommand(rebuildsCommand(output))
    .addCommand(automaticCommand(output))
    .addCommand(refreshCommand(output));
}

function dataCommand(output: Output): Command {
  return engineCommand('data')
    .description('show which data there is, and how it was fetched last')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const data = await connect(options).vulnerabilities.data();
      if (options.json) output.document(data);
      else output.line(dataText(data));
    });
}

function rebuildsCommand(output: Output): Command {
  return engineCommand('rebuilds')
    .description('list the images that a rebuild would rid of vulnerabilities, the most urgent first')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const listed = connect(options).vulnerabilities.rebuilds();
      if (options.json) output.document({ rebuilds: await listed.all() });
      else for await (const build of listed) output.line(rebuildText(build));
    });
}

const automaticOptionsSchema = connectionOptionsSchema.extend({
  on: z.literal(true).optional(),
  off: z.literal(true).optional(),
  severity: z.enum(['critical', 'high', 'medium', 'low']).optional(),
  mostPerDay: z.coerce.number().optional(),
});

function automaticCommand(output: Output): Command {
  return engineCommand('automatic')
    .description('show whether the engine builds such images anew by itself, or set it')
    .addOption(new Option('--on', 'it does from now on').conflicts('off'))
    .option('--off', 'it does no more')
    .option('--severity <severity>', 'from which severity on: critical, high, medium or low')
    .option('--most-per-day <n>', 'how many of them on a day')
    .action(async (given: unknown) => {
      const { on, off, severity, mostPerDay, ...options } = automaticOptionsSchema.parse(given);
      const engine = connect(options);
      const before = await engine.vulnerabilities.automatic();
      const asked = [on, off, severity, mostPerDay].some((option) => option !== undefined);
      const after = {
        automatic: on ?? (off === true ? false : before.automatic),
        severity: severity ?? before.severity,
        mostPerDay: mostPerDay ?? before.mostPerDay,
      };
      const settings = asked ? await engine.vulnerabilities.setAutomatic(after) : before;
      if (options.json) output.document(settings);
      else output.line(automaticText(settings));
    });
}

function refreshCommand(output: Output): Command {
  return engineCommand('refresh')
    .description('for operators: have the mirror read now, and not when its time comes')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const data = await connect(options).vulnerabilities.refresh();
      if (options.json) output.document(data);
      else output.line('the mirror is being read; see `lbuild vulnerabilities data`');
    });
}

/** `lbuild scan`: exits as `different` where the gate of the spec would not let the image through. */
export function scanCommand(output: Output): Command {
  return engineCommand('scan')
    .description('scan the packages of a stored build by the vulnerability data of today; nothing is built')
    .argument('<build>', 'id of the build')
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const found = await connect(options).vulnerabilities.scan(id);
      if (options.json) output.document(found);
      else output.line(rescanText(found));
      if (found.scan.state === 'fail') setExit('different');
    });
}
