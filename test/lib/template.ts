import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { expect } from 'vitest';
import { z } from 'zod';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { pluginFunction } from '../../core/wiring/flow-functions.ts';
import { parseConfiguration } from '../../lib/configuration.ts';
import { handlerOf } from '../../lib/function-code.ts';
import { BuilderStack } from '../../lib/stack.ts';

const resourceSchema = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.json()).default({}),
  DependsOn: z.union([z.string(), z.array(z.string())]).optional(),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});
export type TemplateResource = z.infer<typeof resourceSchema>;
const templateSchema = z.looseObject({
  Parameters: z.record(z.string(), z.json()).default({}),
  Resources: z.record(z.string(), resourceSchema),
  Outputs: z.record(z.string(), z.looseObject({ Value: z.json() })).default({}),
});
export type BuilderTemplate = z.infer<typeof templateSchema>;

export interface Synthesis {
  readonly app: App;
  readonly stack: Stack;
  readonly template: BuilderTemplate;
  /** The stack inside it, of alarms and the dashboard. */
  readonly operations: BuilderTemplate;
}

/** Synthesizes the stack with cdk.json's context and this, without bundling the functions' code. */
export function synthesize(context: Readonly<Record<string, unknown>> = {}): Synthesis {
  const outdir = mkdtempSync(join(tmpdir(), 'lbuild-synth-'));
  try {
    const app = new App({
      outdir,
      context: {
        ...cdkJson.context,
        'archives.debian': 'http://archive.invalid/debian',
        'aws:cdk:bundling-stacks': [],
        ...context,
      },
    });
    const configuration = parseConfiguration((name) => app.node.tryGetContext(name));
    const stack = new BuilderStack(app, configuration.stackName, { configuration });
    const template = app.synth().getStackByName(stack.stackName).template;
    const nested = readdirSync(outdir).filter((name) => name.endsWith('.nested.template.json'));
    expect(nested).toHaveLength(1);
    const operations = templateSchema.parse(JSON.parse(readFileSync(join(outdir, nested[0] ?? ''), 'utf8')));
    return { app, stack, template: templateSchema.parse(template), operations };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The resources of a type, by logical id. */
export function resourcesOf(template: BuilderTemplate, type: string): ReadonlyMap<string, TemplateResource> {
  return new Map(Object.entries(template.Resources).filter(([, resource]) => resource.Type === type));
}

const statementSchema = z.looseObject({
  Sid: z.string().optional(),
  Effect: z.string(),
  Action: z.union([z.string().transform((action) => [action]), z.array(z.string())]),
  Resource: z
    .json()
    .optional()
    .transform((resource) => (Array.isArray(resource) ? resource : [resource])),
  Condition: z.json().optional(),
});
export type Statement = z.infer<typeof statementSchema>;

const policySchema = z.looseObject({
  PolicyDocument: z.looseObject({ Statement: z.array(statementSchema) }),
  Roles: z.array(z.looseObject({ Ref: z.string() })),
});

/** Each policy of the template: its statements, and the logical ids of the roles that have it. */
export function policiesOf(
  template: BuilderTemplate,
): readonly { id: string; roles: readonly string[]; statements: readonly Statement[] }[] {
  return [...resourcesOf(template, 'AWS::IAM::Policy')].map(([id, resource]) => {
    const policy = policySchema.parse(resource.Properties);
    return { id, roles: policy.Roles.map((role) => role.Ref), statements: policy.PolicyDocument.Statement };
  });
}

/** Logical ids that a part of the template refers to: Ref, Fn::GetAtt, and the names in Fn::Sub. */
export function references(part: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const entry of value) visit(entry);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) {
        if (name === 'Ref' && typeof member === 'string') found.add(member);
        else if (name === 'Fn::GetAtt' && Array.isArray(member) && typeof member[0] === 'string') found.add(member[0]);
        else {
          if (name === 'Fn::Sub' && typeof member === 'string') {
            for (const [, id] of member.matchAll(/\$\{([A-Za-z0-9]+)[.}]/g)) if (id !== undefined) found.add(id);
          }
          visit(member);
        }
      }
    }
  };
  visit(part);
  return found;
}

/** Statements of every policy that a role has. */
export function statementsOfRole(template: BuilderTemplate, roleId: string): readonly Statement[] {
  return policiesOf(template)
    .filter(({ roles }) => roles.includes(roleId))
    .flatMap(({ statements }) => statements);
}

const functionSchema = z.looseObject({
  Handler: z.string(),
  Role: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }),
  Environment: z.object({ Variables: z.record(z.string(), z.json()) }),
});

/** The template's functions: logical ids of them and their roles, and what they run. */
export function functionsOf(template: BuilderTemplate) {
  // What runs plugins is none of the engine's: test/lib/plugins.test.ts looks at it.
  const engines = [...resourcesOf(template, 'AWS::Lambda::Function')].filter(
    ([, { Properties }]) => Properties.Handler !== handlerOf(pluginFunction.entry),
  );
  return engines.map(([id, { Properties }]) => {
    const { Handler, Role, Environment } = functionSchema.parse(Properties);
    return { id, properties: Properties, roleId: Role['Fn::GetAtt'][0], Handler, Environment };
  });
}
