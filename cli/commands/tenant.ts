import { Command } from 'commander';
import { z } from 'zod';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';
import { tenantQuotaCommand } from './quota.ts';

/** `lbuild whoami`: whose key this is, and what it may do. */
export function whoamiCommand(output: Output): Command {
  return engineCommand('whoami')
    .description('whose API key this is, and what it may do')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const who = await connect(options).keys.whoAmI();
      if (options.json) return output.document(who);
      const { tenant, member, permissions, teams } = who;
      output.line(`${member.name} (${member.memberId}, ${member.kind}) of ${tenant.name} (${tenant.tenantId})`);
      output.line(`roles: ${member.roles.join(', ')}`);
      output.line(`this key may: ${permissions.join(', ')}`);
      for (const team of teams) output.line(`in ${team.name} (${team.teamId}): ${team.permissions.join(', ')}`);
    });
}

const shareOptionsSchema = connectionOptionsSchema.extend({ weight: z.coerce.number().optional() });

/** `lbuild tenants …`: the operator's part. */
export function tenantsCommand(output: Output): Command {
  const create = engineCommand('create')
    .description('make a tenant with its first owner, and print the key that they come with; it is shown once')
    .argument('<name>', 'name of the tenant, for people')
    .argument('<owner>', 'name of its owner')
    .action(async (name: string, owner: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const founded = await connect(options).tenants.create({ name, owner: { name: owner } });
      if (options.json) return output.document(founded);
      output.line(founded.text ?? '');
      output.note(`Key of ${owner}, owner of ${name} (${founded.tenant.tenantId}). It is stored nowhere: keep it now.`);
    });
  const list = engineCommand('list')
    .description('list the tenants of the installation')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const tenants = await connect(options).tenants.list().all();
      if (options.json) return output.document({ tenants });
      for (const { tenantId, name, createdAt } of tenants)
        output.line(`${tenantId}  ${createdAt.slice(0, 10)}  ${name}`);
    });
  const share = engineCommand('share')
    .description('show a tenant’s weight among all that want to build, or give it another one')
    .argument('<id>', 'id of the tenant')
    .option('--weight <number>', '1 to 1000: twice the weight is twice the time in slots where slots are short')
    .action(async (id: string, given: unknown) => {
      const options = shareOptionsSchema.parse(given);
      const engine = connect(options);
      const { weight } = options;
      const found = await (weight === undefined ? engine.tenants.readShare(id) : engine.tenants.setShare(id, weight));
      if (options.json) return output.document(found);
      output.line(
        `${found.tenantId}  weight ${found.weight}, ${found.waiting} builds waiting, ${found.running} running`,
      );
    });
  return new Command('tenants')
    .description('tenants of the installation, for its operator')
    .addCommand(create)
    .addCommand(list)
    .addCommand(tenantQuotaCommand(output))
    .addCommand(share);
}
