import { Command } from 'commander';
import { z } from 'zod';
import { bootstrapFirstKey } from '../../core/access/first-key.ts';
import type { Output } from '../output.ts';

const optionsSchema = z.object({
  table: z.string().min(1),
  tenant: z.string().min(1),
  region: z.string().optional(),
  json: z.boolean().default(false),
});

/** `lbuild admin …`: what an operator does with the deployment's own credentials, past the API. */
export function adminCommand(output: Output): Command {
  const firstKey = new Command('create-first-key')
    .description("make the first tenant of a deployment and its operator's key; once in its life")
    .requiredOption('--table <name>', "name of the deployment's table, as `cdk deploy` printed it")
    .requiredOption('--tenant <name>', 'name of the tenant, for people')
    .option('--region <region>', "the region (else the environment's)")
    .option('--json', 'answer with one JSON document')
    .action(async (given: unknown) => {
      const options = optionsSchema.parse(given);
      // Loaded here and not above: no other command needs the AWS SDK, whose loading takes longer than most of them.
      const [{ DynamoDBClient }, { createDynamoTable }, { createSystemClock }, { createIds }] = await Promise.all([
        import('@aws-sdk/client-dynamodb'),
        import('../../adapters/dynamodb/dynamodb-table.ts'),
        import('../../adapters/system/clock.ts'),
        import('../../adapters/system/ids.ts'),
      ]);
      const client = new DynamoDBClient(options.region === undefined ? {} : { region: options.region });
      const clock = createSystemClock();
      const made = await bootstrapFirstKey(
        createDynamoTable({ client, tableName: options.table }),
        clock,
        createIds(clock),
        { tenantName: options.tenant },
      );
      if (options.json) {
        output.document(made);
        return;
      }
      output.line(made.apiKey);
      output.note(`Key of tenant ${made.tenantId}. It is shown once and stored nowhere: keep it now.`);
    });
  return new Command('admin').description("the operator's own acts, with AWS credentials").addCommand(firstKey);
}
