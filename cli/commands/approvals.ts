import { Command, Option } from 'commander';
import { z } from 'zod';
import { requestStates } from '../../core/approvals/request.ts';
import type { Approval, SetApprovalPolicyData } from '../../sdk/generated/types.gen.ts';
import { approvalLine, approvalText, policyLine } from '../approval-report.ts';
import { connect } from '../connection.ts';
import { type Output, readableJson } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild approvals …`: who must approve what, and what waits for it. */
export function approvalsCommand(output: Output): Command {
  return new Command('approvals')
    .description('builds that wait for approval, and the policies that say which do')
    .addCommand(listCommand(output))
    .addCommand(showCommand(output))
    .addCommand(approveCommand(output))
    .addCommand(rejectCommand(output))
    .addCommand(withdrawCommand(output))
    .addCommand(policiesCommand(output));
}

const listOptionsSchema = connectionOptionsSchema.extend({
  state: z.enum(requestStates).optional(),
  mine: z.boolean().default(false),
});

function listCommand(output: Output): Command {
  return engineCommand('ls')
    .description('list requests for approval, the newest first')
    .addOption(new Option('--state <state>', 'only requests in this state').choices(requestStates))
    .option('--mine', 'only those that wait for you')
    .action(async (given: unknown) => {
      const { state, mine, ...options } = listOptionsSchema.parse(given);
      const approvals: Approval[] = [];
      for await (const approval of connect(options).approvals.list({
        mine,
        ...(state === undefined ? {} : { state }),
      })) {
        approvals.push(approval);
        if (!options.json) output.line(approvalLine(approval));
      }
      if (options.json) output.document({ approvals });
    });
}

const showOptionsSchema = connectionOptionsSchema.extend({ spec: z.boolean().default(false) });

function showCommand(output: Output): Command {
  return engineCommand('show')
    .description('show a request: policies, who has approved it, what is lacking')
    .argument('<id>', 'id of the request, as `ls` and `lbuild status` show it')
    .option('--spec', 'print the resolved spec that is judged, as JSON')
    .action(async (id: string, given: unknown) => {
      const { spec, ...options } = showOptionsSchema.parse(given);
      const approval = await connect(options).approvals.read(id);
      if (options.json) output.document(approval);
      else output.line(spec ? readableJson(approval.spec) : approvalText(approval));
    });
}

const decisionOptionsSchema = connectionOptionsSchema.extend({
  digest: z.string().optional(),
  comment: z.string().optional(),
});

function decisionCommand(name: string): Command {
  return engineCommand(name)
    .argument('<id>', 'id of the request')
    .option('--digest <sha256>', 'of the spec that you have looked at; else that which the request names now');
}

function approveCommand(output: Output): Command {
  return decisionCommand('approve')
    .description('approve a build; the last approval that is needed lets it go on')
    .option('--comment <text>', 'one line, for the author and the audit log')
    .action(async (id: string, given: unknown) => {
      const { digest, comment, ...options } = decisionOptionsSchema.parse(given);
      const engine = connect(options);
      const specDigest = digest ?? (await engine.approvals.read(id)).specDigest;
      tell(output, await engine.approvals.approve(id, specDigest, comment), options.json);
    });
}

function rejectCommand(output: Output): Command {
  return decisionCommand('reject')
    .description('reject a build for good')
    .requiredOption('--comment <text>', 'the reason: one line, for the author and the audit log')
    .action(async (id: string, given: unknown) => {
      const { digest, comment, ...options } = decisionOptionsSchema.parse(given);
      const engine = connect(options);
      const specDigest = digest ?? (await engine.approvals.read(id)).specDigest;
      tell(output, await engine.approvals.reject(id, specDigest, comment ?? ''), options.json);
    });
}

function withdrawCommand(output: Output): Command {
  return engineCommand('withdraw')
    .description('take back your approval of what is not decided yet')
    .argument('<id>', 'id of the request')
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      tell(output, await connect(options).approvals.withdraw(id), options.json);
    });
}

function tell(output: Output, approval: Approval, json: boolean): void {
  if (json) output.document(approval);
  else output.line(approvalLine(approval));
}

function policiesCommand(output: Output): Command {
  return new Command('policies')
    .description('which builds must be approved, and by whom')
    .addCommand(listPoliciesCommand(output))
    .addCommand(setPolicyCommand(output))
    .addCommand(removePolicyCommand(output));
}

function listPoliciesCommand(output: Output): Command {
  return engineCommand('list')
    .description('list policies')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const policies = await connect(options).approvals.listPolicies().all();
      if (options.json) output.document({ policies });
      else for (const policy of policies) output.line(policyLine(policy));
    });
}

const policyOptionsSchema = connectionOptionsSchema.extend({
  gate: z.enum(['build', 'publish']),
  quorum: z.coerce.number().optional(),
  valid: z.coerce.number().optional(),
  description: z.string().optional(),
  role: z.array(z.string()).optional(),
  member: z.array(z.string()).optional(),
  template: z.array(z.string()).optional(),
  output: z.array(z.string()).optional(),
  team: z.array(z.string()).optional(),
  costAbove: z.coerce.number().optional(),
});
type PolicyBody = SetApprovalPolicyData['body'];

function setPolicyCommand(output: Output): Command {
  return engineCommand('set')
    .description('make a policy, or replace it, which voids what was approved under it')
    .argument('<name>', 'lower-case letters, digits and inner hyphens')
    .addOption(
      new Option('--gate <gate>', 'build: before the queue; publish: what the build made is held')
        .choices(['build', 'publish'])
        .makeOptionMandatory(),
    )
    .option('--quorum <n>', 'how many must approve (else 1)')
    .option('--role <name...>', 'roles whose people may approve (else all who may decide)')
    .option('--member <id...>', 'members who may approve')
    .option('--output <type...>', 'only builds that make one of these')
    .option('--template <id...>', 'only builds of one of these templates')
    .option('--team <id...>', 'only builds of one of these teams')
    .option('--cost-above <micros>', 'only builds that are estimated to cost more: millionths of a US dollar')
    .option('--valid <seconds>', 'how long approvals and requests are valid (else a week)')
    .option('--description <text>', 'one line, for people')
    .action(async (name: string, given: unknown) => {
      const options = policyOptionsSchema.parse(given);
      const policy = await connect(options).approvals.setPolicy(name, policyBody(options));
      if (options.json) output.document(policy);
      else output.line(policyLine(policy));
    });
}

function policyBody(options: z.output<typeof policyOptionsSchema>): PolicyBody {
  const { gate, quorum, valid, description, role, member, template, output, team, costAbove } = options;
  return {
    gate,
    ...(quorum === undefined ? {} : { quorum }),
    ...(valid === undefined ? {} : { validSeconds: valid }),
    ...(description === undefined ? {} : { description }),
    approvers: {
      ...(role === undefined ? {} : { roles: role }),
      ...(member === undefined ? {} : { members: member }),
    },
    when: {
      ...(template === undefined ? {} : { templates: template }),
      // The engine says which of these there are not.
      ...(output === undefined ? {} : { outputs: output as NonNullable<NonNullable<PolicyBody['when']>['outputs']> }),
      ...(team === undefined ? {} : { teams: team }),
      ...(costAbove === undefined ? {} : { costAboveMicros: costAbove }),
    },
  };
}

function removePolicyCommand(output: Output): Command {
  return engineCommand('remove')
    .description('remove a policy; builds that wait for it alone go on')
    .argument('<name>', 'as `list` shows it')
    .action(async (name: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      await connect(options).approvals.removePolicy(name);
      if (options.json) output.document({ name, removed: true });
      else output.line(`${name} removed`);
    });
}
