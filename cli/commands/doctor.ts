import type { Command } from 'commander';
import { z } from 'zod';
import { printable } from '../../core/builds/printable.ts';
import { type Check, checkConnection } from '../checks.ts';
import { setExit } from '../exit.ts';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({
  aws: z.literal(true).optional(),
  region: z.string().optional(),
});

/** A deployment of one builder at once works and is no fun; below ten Lambda executions, log readers starve the flow. */
const wanted = { lambdaConcurrency: 100, fargateVcpus: 8 } as const;

/** `lbuild doctor`: tells what stands between the user and a build; with `--aws`, whether an account fits a deployment. */
export function doctorCommand(output: Output): Command {
  return engineCommand('doctor')
    .description('check the way to the engine, its clock and the API key; with --aws, what a deployment needs')
    .option('--aws', "check the quotas of the AWS account that the environment's credentials belong to instead")
    .option('--region <region>', "the region of --aws (else the environment's)")
    .action(async (given: unknown) => {
      const { aws, region, json, ...connection } = optionsSchema.parse(given);
      if (aws === true) return checkAccount(output, region, json);
      if (region !== undefined) {
        const remedy = 'Add --aws, or leave --region out.';
        throw new CliFailure('usage', { code: 'cli.usage', detail: '--region is of --aws alone.', remedy });
      }
      const checks = await checkConnection(connection, process.env, process.cwd());
      if (json) output.document({ checks });
      else for (const check of checks) output.line(checkText(check));
      if (checks.some(({ state }) => state === 'failed')) setExit('failed');
    });
}

const checkText = ({ name, state, detail, remedy }: Check): string =>
  `${state.padEnd(7)}  ${name.padEnd(10)}  ${printable(detail)}${remedy === undefined ? '' : `\n${' '.repeat(21)}${remedy}`}`;

async function checkAccount(output: Output, region: string | undefined, json: boolean): Promise<void> {
  // Loaded here and not above: no other command needs the AWS SDK, whose loading takes longer than most of them.
  const [{ ServiceQuotasClient }, { readAccountQuotas, concurrentBuildsUnder, concurrentPluginsUnder }] =
    await Promise.all([import('@aws-sdk/client-service-quotas'), import('../../adapters/servicequotas/quotas.ts')]);
  const quotas = await readAccountQuotas(new ServiceQuotasClient(region === undefined ? {} : { region }));
  const concurrentBuilds = concurrentBuildsUnder(quotas);
  const concurrentPlugins = concurrentPluginsUnder(quotas);
  const low = (['lambdaConcurrency', 'fargateVcpus'] as const).filter((name) => quotas[name] < wanted[name]);
  if (json) {
    output.document({ quotas, concurrentBuilds, concurrentPlugins, low });
  } else {
    output.line(`Lambda concurrent executions: ${quotas.lambdaConcurrency}`);
    output.line(`Fargate on-demand vCPUs:      ${quotas.fargateVcpus}`);
    output.line(`builds at once:               ${concurrentBuilds}  (context concurrentBuilds)`);
    if (concurrentPlugins > 0)
      output.line(`plugins at once:              ${concurrentPlugins}  (context concurrentPlugins)`);
    for (const name of low)
      output.line(`low: ${name} is below ${wanted[name]}; ask for more in the Service Quotas console`);
  }
  if (concurrentBuilds < 1) {
    throw new CliFailure('failed', {
      code: 'aws.quota_too_low',
      detail: 'The account cannot run a single build.',
      remedy: 'Ask for higher quotas in the Service Quotas console.',
    });
  }
}
