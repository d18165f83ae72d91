import { z } from 'zod';
import { memberIdSchema } from '../access/member-record.ts';
import { roleNameSchema } from '../access/role-record.ts';
import { complianceStates } from '../compliance/report.ts';
import { digestOf, type Sha256 } from '../digest.ts';
import { outputTypes } from '../spec/releases.ts';
import { approvalLimits } from './limits.ts';

/** build: before the queue. publish: what the build made is held until it is approved. */
export const approvalGates = ['build', 'publish'] as const;
export type ApprovalGate = (typeof approvalGates)[number];

export const policyNameSchema = z
  .string()
  .regex(/^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/)
  .describe('1 to 40 lower-case letters, digits and inner hyphens, beginning with a letter.');

/** What an image can be by its profiles, and what one is that has none. */
export const judgedStates = [...complianceStates, 'none'] as const;

const { listed } = approvalLimits;
const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be an id');
const listOf = <T extends z.ZodType<string, string>>(entry: T) =>
  z
    .array(entry)
    .min(1)
    .max(listed)
    .overwrite((list) => [...new Set(list)].sort())
    .exactOptional();

/** All that is given must hold. Nothing given: every build. */
export const conditionsSchema = z.strictObject({
  templates: listOf(idSchema).describe('The build is of one of these templates.'),
  outputs: listOf(z.enum(outputTypes)).describe('It makes at least one of these outputs.'),
  teams: listOf(idSchema).describe('It belongs to one of these teams.'),
  costAboveMicros: z
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .exactOptional()
    .describe('It is estimated to cost more than this: millionths of a US dollar. Of the gate `build` alone.'),
  complianceStates: listOf(z.enum(judgedStates)).describe(
    'Its image is this by its compliance profiles; none: its spec names none. Of the gate `publish` alone.',
  ),
});
export type Conditions = z.infer<typeof conditionsSchema>;

/** Who may approve: one of these members, or a person with one of these roles. Nobody named: every person. */
export const approversSchema = z.strictObject({
  roles: listOf(roleNameSchema),
  members: listOf(memberIdSchema).describe('A service account approves only where it is named here.'),
});

/** What a tenant says of a policy. */
export const policyContentSchema = z.strictObject({
  description: z
    .string()
    .max(200)
    .regex(/^\P{Cc}*$/u, 'must be one line')
    .default('')
    .describe('For people.'),
  gate: z
    .enum(approvalGates)
    .describe('build: the build waits before the queue. publish: what it made is held until it is approved.'),
  when: conditionsSchema.default({}).describe('Which builds: all conditions that are given must hold.'),
  approvers: approversSchema
    .default({})
    .describe('Who may approve; each needs the permission approvals:decide too. Empty: every person who has it.'),
  quorum: z.number().int().min(1).max(approvalLimits.quorum).default(1).describe('How many must approve.'),
  validSeconds: z
    .number()
    .int()
    .min(approvalLimits.leastSeconds)
    .max(approvalLimits.mostSeconds)
    .default(approvalLimits.usualSeconds)
    .describe('Seconds until an approval expires, and a request that is not decided.'),
});
export type PolicyContent = z.output<typeof policyContentSchema>;

export const policyRecordSchema = z.strictObject({
  tenantId: z.string(),
  name: policyNameSchema,
  description: z.string(),
  gate: z.enum(approvalGates),
  when: conditionsSchema,
  approvers: approversSchema,
  quorum: z.number().int().min(1),
  validSeconds: z.number().int().min(1),
  /** Of all changes of the tenant's policies the number of the last one of this: it never comes again. */
  revision: z.number().int().min(1),
  createdAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
});
export type PolicyRecord = z.infer<typeof policyRecordSchema>;

/** What approvals are bound to beside the spec: a policy as it was then. What it is for people to read is no part. */
export function policyDigest({ name, gate, when, approvers, quorum, validSeconds, revision }: PolicyRecord): Sha256 {
  return digestOf({ name, gate, when, approvers, quorum, validSeconds, revision });
}

/** What policies are judged by, of a build that is planned. */
export const factsSchema = z.strictObject({
  templates: z.array(z.string()),
  outputs: z.array(z.string()),
  teamId: z.string().exactOptional(),
  /** Estimated, in millionths of a US dollar. */
  costMicros: z.number().int().min(0),
  /** Absent before the build has ended. */
  compliance: z.enum(judgedStates).exactOptional(),
  /** Plugins of the tenant that ask for approval of it, with the version that did. */
  plugins: z.array(z.strictObject({ name: z.string(), version: z.number().int().min(1) })).exactOptional(),
});
export type ApprovalFacts = z.infer<typeof factsSchema>;

/** Whether a policy is for a build. */
export function conditionsHold(when: Conditions, facts: ApprovalFacts): boolean {
  const { templates, outputs, teams, costAboveMicros, complianceStates: states } = when;
  if (templates !== undefined && !templates.some((id) => facts.templates.includes(id))) return false;
  if (outputs !== undefined && !outputs.some((type) => facts.outputs.includes(type))) return false;
  if (teams !== undefined && (facts.teamId === undefined || !teams.includes(facts.teamId))) return false;
  // What is not judged yet may become any of them.
  if (states !== undefined && facts.compliance !== undefined && !states.includes(facts.compliance)) return false;
  return costAboveMicros === undefined || facts.costMicros > costAboveMicros;
}

/**
 * What stands for a plugin that asks for approval: one of whoever may approve, as long as approvals usually hold. An
 * approval is for the version that asked. No policy of a tenant has a name like it.
 */
function policyOfPlugin({ name, version }: { readonly name: string; readonly version: number }): PolicyRecord {
  const long = '1970-01-01T00:00:00.000Z';
  return {
    ...{ tenantId: '', name: `plugin:${name}`, description: '', gate: 'build', when: {}, approvers: {}, quorum: 1 },
    ...{ validSeconds: approvalLimits.usualSeconds, revision: version, createdAt: long, changedAt: long },
  };
}

/** The policies that hold a build at a gate. */
export function policiesFor(
  policies: readonly PolicyRecord[],
  gate: ApprovalGate,
  facts: ApprovalFacts,
): readonly PolicyRecord[] {
  const plugins = gate === 'build' ? (facts.plugins ?? []) : [];
  return [
    ...policies.filter((policy) => policy.gate === gate && conditionsHold(policy.when, facts)),
    ...plugins.map(policyOfPlugin),
  ];
}
