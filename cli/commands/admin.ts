import { Command } from 'commander';
import { z } from 'zod';
import { bootstrapFirstKey } from '../../core/access/first-key.ts';
import { createOwnerKey } from '../../core/access/recovery.ts';
import type { Output } from '../output.ts';

const tableOptionsSchema = z.object({
  table: z.string().min(1),
  region: z.string().optional(),
  json: z.boolean().default(false),
});
const optionsSchema = tableOptionsSchema.extend({ tenant: z.string().min(1) });
const ownerOptionsSchema = tableOptionsSchema.extend({ tenantId: z.string().min(1) });

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
      const { table, clock, ids } = await openTable(options);
      const made = await bootstrapFirstKey(table, clock, ids, { tenantName: options.tenant });
      if (options.json) {
        output.document(made);
        return;
      }
      output.line(made.apiKey);
      output.note(`Key of tenant ${made.tenantId}. It is shown once and stored nowhere: keep it now.`);
    });
  const ownerKey = new Command('create-owner-key')
    .description("make a key for a tenant's owner, where the tenant has lost all its keys")
    .requiredOption('--table <name>', "name of the deployment's table, as `cdk deploy` printed it")
    .requiredOption('--tenant-id <id>', 'id of the tenant, as `lbuild tenants list` shows it')
    .option('--region <region>', "the region (else the environment's)")
    .option('--json', 'answer with one JSON document')
    .action(async (given: unknown) => {
      const options = ownerOptionsSchema.parse(given);
      const { text, record } = await createOwnerKey(await openTable(options), options.tenantId);
      if (options.json) {
        output.document({ apiKey: text, keyId: record.keyId, memberId: record.memberId });
        return;
      }
      output.line(text);
      output.note(`Key of ${record.memberId}. It is shown once and stored nowhere: keep it now.`);
    });
  return new Command('admin')
    .description("the operator's own acts, with AWS credentials")
    .addCommand(firstKey)
    .addCommand(ownerKey);
}

/** The deployment's table, with the environment's credentials. */
async function openTable(options: { readonly table: string; readonly region?: string | undefined }) {
  // Loaded here and not above: no other command needs the AWS SDK, whose loading takes longer than most of them.
  const [{ DynamoDBClient }, { createDynamoTable }, { createSystemClock }, { createIds }] = await Promise.all([
    import('@aws-sdk/client-dynamodb'),
    import('../../adapters/dynamodb/dynamodb-table.ts'),
    import('../../adapters/system/clock.ts'),
    import('../../adapters/system/ids.ts'),
  ]);
  const client = new DynamoDBClient(options.region === undefined ? {} : { region: options.region });
  const clock = createSystemClock();
  return { table: createDynamoTable({ client, tableName: options.table }), clock, ids: createIds(clock) };
}
