import { Command } from 'commander';
import { z } from 'zod';
import type { Role, SetRoleData } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild roles …`: what members may do. */
export function rolesCommand(output: Output): Command {
  return new Command('roles')
    .description('roles that members have: built in, and the tenant’s own')
    .addCommand(listCommand(output))
    .addCommand(setCommand(output))
    .addCommand(removeCommand(output));
}

const roleLine = ({ name, builtIn, grants }: Role): string =>
  `${name}${builtIn ? ' (built in)' : ''}  ${grants.join(', ') || 'nothing'}`;

function listCommand(output: Output): Command {
  return engineCommand('list')
    .description('list roles and what they hold')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const roles = await connect(options).roles.list();
      if (options.json) output.document({ roles });
      else for (const role of roles) output.line(roleLine(role));
    });
}

const setOptionsSchema = connectionOptionsSchema.extend({
  grant: z.array(z.string()).default([]),
  description: z.string().optional(),
});

function setCommand(output: Output): Command {
  return engineCommand('set')
    .description('make a role, or change what it holds: then all of it is named anew')
    .argument('<name>', 'lower-case letters, digits and inner hyphens')
    .option('--grant <permission...>', 'permission such as builds:read, or builds:* for all of a resource')
    .option('--description <text>', 'for people')
    .action(async (name: string, given: unknown) => {
      const { grant, description, ...options } = setOptionsSchema.parse(given);
      // The engine says which of these there are not.
      const grants = grant as SetRoleData['body']['grants'];
      const body = { grants, ...(description === undefined ? {} : { description }) };
      const role = await connect(options).roles.set(name, body);
      if (options.json) output.document(role);
      else output.line(roleLine(role));
    });
}

function removeCommand(output: Output): Command {
  return engineCommand('remove')
    .description('remove a role that nobody has')
    .argument('<name>', 'as `list` shows it')
    .action(async (name: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      await connect(options).roles.remove(name);
      if (options.json) output.document({ name, removed: true });
      else output.line(`${name} removed`);
    });
}
