import { Command, Option } from 'commander';
import { z } from 'zod';
import { scanKinds } from '../../core/scans/scan.ts';
import type { RecheckedBuild } from '../../sdk/generated/types.gen.ts';
import { recheckedText, recheckLine, scanLine, scanText } from '../compliance-report.ts';
import { connect } from '../connection.ts';
import { setExit } from '../exit.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild compliance …`: what images are by their profiles, when they were built and today. */
export function complianceCommand(output: Output): Command {
  return new Command('compliance')
    .description('what images are by their compliance profiles: scans of a build, and which would fail today')
    .addCommand(scansCommand(output))
    .addCommand(showCommand(output))
    .addCommand(recheckCommand(output));
}

const scansOptionsSchema = connectionOptionsSchema.extend({ kind: z.enum(scanKinds).optional() });

function scansCommand(output: Output): Command {
  return engineCommand('scans')
    .description('list the scans of a build, the latest first')
    .argument('<build>', 'id of the build')
    .addOption(new Option('--kind <kind>', 'only scans of this kind').choices([...scanKinds]))
    .action(async (id: string, given: unknown) => {
      const { kind, ...options } = scansOptionsSchema.parse(given);
      const scans = await connect(options).compliance.scans(id, kind === undefined ? {} : { kind });
      if (options.json) output.document({ scans });
      else for (const scan of scans) output.line(scanLine(scan));
    });
}

function showCommand(output: Output): Command {
  return engineCommand('show')
    .description('show a scan of a build: each check that does not pass, what was seen and what mends it')
    .argument('<build>', 'id of the build')
    .argument('[scan]', 'id of the scan; the latest of its compliance where it is left out')
    .action(async (id: string, scan: string | undefined, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const { compliance } = connect(options);
      const wanted = scan ?? (await compliance.scans(id, { kind: 'compliance' }))[0]?.id;
      if (wanted === undefined) {
        output.line(`the build ${id} was not judged: its spec names no profiles`);
        setExit('notFound');
        return;
      }
      const found = await compliance.readScan(id, wanted);
      if (options.json) output.document(found);
      else output.line(scanText(found));
    });
}

/** Exits as `different` where a build would not pass any more: schedules decide by that. */
function recheckCommand(output: Output): Command {
  return engineCommand('recheck')
    .description('judge stored builds by the checks, members and day of today; nothing is built')
    .argument('[build]', 'id of a build; all that you may read where it is left out')
    .action(async (id: string | undefined, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const { compliance } = connect(options);
      if (id !== undefined) {
        const found = await compliance.recheck(id);
        if (options.json) output.document(found);
        else output.line(recheckedText(found));
        if (found.changes.some(failsNow)) setExit('different');
        return;
      }
      const builds: RecheckedBuild[] = [];
      for await (const build of compliance.recheckAll()) {
        if (options.json) builds.push(build);
        else output.line(recheckLine(build));
        if (build.problem !== undefined || isWorse(build)) setExit('different');
      }
      if (options.json) output.document({ builds });
    });
}

const failsNow = ({ after }: { readonly after?: string }): boolean => after === 'fail' || after === 'manual';

/** Whether a build that was let through would not be today. */
const isWorse = ({ was, now }: RecheckedBuild): boolean =>
  now !== undefined && failsNow({ after: now }) && !failsNow({ after: was });
