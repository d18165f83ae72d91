import { Command } from 'commander';
import { z } from 'zod';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';

const optionsSchema = z.object({
  aws: z.literal(true).optional(),
  region: z.string().optional(),
  json: z.boolean().default(false),
});

/** A deployment of one builder at once works and is no fun; below ten Lambda executions, log readers starve the flow. */
const wanted = { lambdaConcurrency: 100, fargateVcpus: 8 } as const;

/** `lbuild doctor --aws`: tells whether an account's quotas fit, before a deployment meets them. */
export function doctorCommand(output: Output): Command {
  return new Command('doctor')
    .description('check what a deployment needs')
    .option('--aws', "check the quotas of the AWS account that the environment's credentials belong to")
    .option('--region <region>', "the region (else the environment's)")
    .option('--json', 'answer with one JSON document')
    .action(async (given: unknown) => {
      const options = optionsSchema.parse(given);
      if (options.aws !== true) {
        throw new CliFailure('usage', {
          code: 'cli.nothing_to_check',
          detail: 'There is nothing to check.',
          remedy: 'Add --aws.',
        });
      }
      // Loaded here and not above: no other command needs the AWS SDK, whose loading takes longer than most of them.
      const [{ ServiceQuotasClient }, { readAccountQuotas, concurrentBuildsUnder }] = await Promise.all([
        import('@aws-sdk/client-service-quotas'),
        import('../../adapters/servicequotas/quotas.ts'),
      ]);
      const client = new ServiceQuotasClient(options.region === undefined ? {} : { region: options.region });
      const quotas = await readAccountQuotas(client);
      const concurrentBuilds = concurrentBuildsUnder(quotas);
      const low = (['lambdaConcurrency', 'fargateVcpus'] as const).filter((name) => quotas[name] < wanted[name]);
      if (options.json) {
        output.document({ quotas, concurrentBuilds, low });
      } else {
        output.line(`Lambda concurrent executions: ${quotas.lambdaConcurrency}`);
        output.line(`Fargate on-demand vCPUs:      ${quotas.fargateVcpus}`);
        output.line(`builds at once:               ${concurrentBuilds}  (context concurrentBuilds)`);
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
    });
}
