import { Command } from 'commander';
import { z } from 'zod';
import type { Member } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild members …`: people and service accounts of the tenant. */
export function membersCommand(output: Output): Command {
  return new Command('members')
    .description('people and service accounts of the tenant, and their roles')
    .addCommand(addCommand(output))
    .addCommand(listCommand(output))
    .addCommand(changeCommand(output))
    .addCommand(removeCommand(output));
}

const addOptionsSchema = connectionOptionsSchema.extend({
  role: z.array(z.string()),
  service: z.boolean().default(false),
  email: z.string().optional(),
});

const memberLine = ({ memberId, kind, name, roles, suspendedAt }: Member): string =>
  `${memberId}  ${kind}  ${name}  ${roles.join(', ')}${suspendedAt === undefined ? '' : `  suspended ${suspendedAt.slice(0, 10)}`}`;

function addCommand(output: Output): Command {
  return engineCommand('add')
    .description('take a person or a service account into the tenant')
    .argument('<name>', 'name, for people')
    .requiredOption('--role <name...>', 'role or roles; `lbuild roles list` shows them')
    .option('--service', 'a service account, which programs use')
    .option('--email <address>', 'mail address')
    .action(async (name: string, given: unknown) => {
      const { role, service, email, ...options } = addOptionsSchema.parse(given);
      const member = await connect(options).members.add({
        ...{ name, roles: role, kind: service ? 'service' : 'person' },
        ...(email === undefined ? {} : { email }),
      });
      if (options.json) output.document(member);
      else output.line(memberLine(member));
    });
}

function listCommand(output: Output): Command {
  return engineCommand('list')
    .description('list members: ids, names, roles')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const members = await connect(options).members.list().all();
      if (options.json) output.document({ members });
      else for (const member of members) output.line(memberLine(member));
    });
}

const changeOptionsSchema = connectionOptionsSchema.extend({
  role: z.array(z.string()).optional(),
  name: z.string().optional(),
  email: z.string().optional(),
  oidcSubject: z.union([z.string(), z.literal(false)]).optional(),
  suspend: z.boolean().optional(),
  resume: z.boolean().optional(),
});

function changeCommand(output: Output): Command {
  return engineCommand('change')
    .description('change a member; what is not named stays')
    .argument('<member>', 'id, as `list` shows it')
    .option('--role <name...>', 'role or roles, in place of those that they have')
    .option('--name <name>', 'name, for people')
    .option('--email <address>', 'mail address')
    .option('--oidc-subject <subject>', 'whose tokens of the issuer are theirs: `sub`')
    .option('--no-oidc-subject', 'no tokens any more')
    .option('--suspend', 'take no key of theirs until --resume')
    .option('--resume', 'take their keys again')
    .action(async (memberId: string, given: unknown) => {
      const { role, name, email, oidcSubject, suspend, resume, ...options } = changeOptionsSchema.parse(given);
      const member = await connect(options).members.change(memberId, {
        ...(role === undefined ? {} : { roles: role }),
        ...(name === undefined ? {} : { name }),
        ...(email === undefined ? {} : { email }),
        ...(oidcSubject === undefined ? {} : { oidcSubject: oidcSubject === false ? null : oidcSubject }),
        ...(suspend === true ? { suspended: true } : resume === true ? { suspended: false } : {}),
      });
      if (options.json) output.document(member);
      else output.line(memberLine(member));
    });
}

function removeCommand(output: Output): Command {
  return engineCommand('remove')
    .description('remove a member; all of their keys end at once')
    .argument('<member>', 'id, as `list` shows it')
    .action(async (memberId: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      await connect(options).members.remove(memberId);
      if (options.json) output.document({ memberId, removed: true });
      else output.line(`${memberId} removed`);
    });
}
