import { Command } from 'commander';
import { z } from 'zod';
import type { Team, TeamMember } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import type { Output } from '../output.ts';
import { teamIdOf } from '../team-name.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild teams …`: teams of the tenant, and who is what in them. */
export function teamsCommand(output: Output): Command {
  return new Command('teams')
    .description('teams of the tenant, and who is what in them')
    .addCommand(createCommand(output))
    .addCommand(listCommand(output))
    .addCommand(changeCommand(output))
    .addCommand(removeCommand(output))
    .addCommand(shareCommand(output))
    .addCommand(membersCommand(output))
    .addCommand(setMemberCommand(output))
    .addCommand(removeMemberCommand(output));
}

const teamArgument = ['<team>', 'id, or a name that only one team has'] as const;

const teamLine = ({ teamId, name, description, members }: Team): string =>
  `${teamId}  ${name}  ${members} member(s)${description === '' ? '' : `  ${description}`}`;

const teamMemberLine = ({ memberId, kind, name, roles }: TeamMember): string =>
  `${memberId}  ${kind}  ${name}  ${roles.join(', ')}`;

const contentOptionsSchema = connectionOptionsSchema.extend({
  name: z.string().optional(),
  description: z.string().optional(),
});

const shareOptionsSchema = connectionOptionsSchema.extend({ weight: z.coerce.number().optional() });

function shareCommand(output: Output): Command {
  return engineCommand('share')
    .description('show a team’s weight among those of the tenant, or give it another one')
    .argument(...teamArgument)
    .option('--weight <number>', '1 to 1000: twice the weight is twice the time in slots where slots are short')
    .action(async (team: string, given: unknown) => {
      const { weight, ...options } = shareOptionsSchema.parse(given);
      const { engine, teamId } = await at(options, team);
      const found = await (weight === undefined
        ? engine.teams.readShare(teamId)
        : engine.teams.setShare(teamId, weight));
      if (options.json) output.document(found);
      else output.line(`${found.teamId}  weight ${found.weight}, ${found.running} builds running`);
    });
}

/** The engine, and the id of the team that is named. */
async function at(options: z.output<typeof connectionOptionsSchema>, team: string) {
  const engine = connect(options);
  return { engine, teamId: (await teamIdOf(engine, team)) ?? team };
}

function createCommand(output: Output): Command {
  return engineCommand('create')
    .description('make a team, with nobody in it')
    .argument('<name>', 'name, for people')
    .option('--description <text>', 'what it is for')
    .action(async (name: string, given: unknown) => {
      const { description, name: _, ...options } = contentOptionsSchema.parse(given);
      const team = await connect(options).teams.create({ name, ...(description === undefined ? {} : { description }) });
      if (options.json) output.document(team);
      else output.line(teamLine(team));
    });
}

function listCommand(output: Output): Command {
  return engineCommand('list')
    .description('list the teams that you may read')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const teams = await connect(options).teams.list().all();
      if (options.json) output.document({ teams });
      else for (const team of teams) output.line(teamLine(team));
    });
}

function changeCommand(output: Output): Command {
  return engineCommand('change')
    .description('change how a team is called or described; what is not named stays')
    .argument(...teamArgument)
    .option('--name <name>', 'name, for people')
    .option('--description <text>', 'what it is for')
    .action(async (team: string, given: unknown) => {
      const { name, description, ...options } = contentOptionsSchema.parse(given);
      const { engine, teamId } = await at(options, team);
      const changed = await engine.teams.change(teamId, {
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
      });
      if (options.json) output.document(changed);
      else output.line(teamLine(changed));
    });
}

function removeCommand(output: Output): Command {
  return engineCommand('remove')
    .description('remove a team that has no members; its builds stay the tenant’s')
    .argument(...teamArgument)
    .action(async (team: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const { engine, teamId } = await at(options, team);
      await engine.teams.remove(teamId);
      if (options.json) output.document({ teamId, removed: true });
      else output.line(`${teamId} removed`);
    });
}

function membersCommand(output: Output): Command {
  return engineCommand('members')
    .description('list who is in a team, and what they are there')
    .argument(...teamArgument)
    .action(async (team: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const { engine, teamId } = await at(options, team);
      const members = await engine.teams.listMembers(teamId).all();
      if (options.json) output.document({ members });
      else for (const member of members) output.line(teamMemberLine(member));
    });
}

const roleOptionsSchema = connectionOptionsSchema.extend({ role: z.array(z.string()) });

function setMemberCommand(output: Output): Command {
  return engineCommand('set-member')
    .description('take a member of the tenant into a team, or change what they are there')
    .argument(...teamArgument)
    .argument('<member>', 'id, as `lbuild members list` shows it')
    .requiredOption('--role <name...>', 'role or roles inside the team')
    .action(async (team: string, memberId: string, given: unknown) => {
      const { role, ...options } = roleOptionsSchema.parse(given);
      const { engine, teamId } = await at(options, team);
      const member = await engine.teams.setMember(teamId, memberId, role);
      if (options.json) output.document(member);
      else output.line(teamMemberLine(member));
    });
}

function removeMemberCommand(output: Output): Command {
  return engineCommand('remove-member')
    .description('take a member out of a team; they stay in the tenant')
    .argument(...teamArgument)
    .argument('<member>', 'id, as `members` shows it')
    .action(async (team: string, memberId: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const { engine, teamId } = await at(options, team);
      await engine.teams.removeMember(teamId, memberId);
      if (options.json) output.document({ teamId, memberId, removed: true });
      else output.line(`${memberId} is not in ${teamId} any more`);
    });
}
