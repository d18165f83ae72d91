import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { operationGroups } from '../../../core/wiring/operation-groups.ts';
import document from '../../../docs/openapi.json' with { type: 'json' };
import { operations, operationsByGroup } from '../../../functions/api/operations.ts';
import examples from '../../../functions/shared/openapi/generated/examples.json' with { type: 'json' };
import { errorsByStatus } from '../../../functions/shared/openapi/problems.ts';
import { problemSchema } from '../../../functions/shared/problem.ts';
import { generateSdk } from '../../../scripts/generate-sdk.ts';
import { describedOperations } from '../../fuzz/described-operations.ts';

const operationSchema = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(1),
  security: z.array(z.unknown()),
  responses: z.record(z.string(), z.unknown()),
});
const paths = z.record(z.string(), z.record(z.string(), operationSchema)).parse(document.paths);

const recorded = new Map<string, { readonly request?: unknown; readonly response?: unknown }>(Object.entries(examples));

/** What no request of a tour through a tenant makes go well. */
const withoutExample: readonly string[] = [
  'approveBuild in',
  'approveBuild out',
  'rejectBuild in',
  'rejectBuild out',
  'withdrawApproval out',
  'readInvoice out',
  'readScan out',
  'recheckBuild out',
  'uploadLock in',
  'uploadLock out',
  'tellPluginAgain out',
  'removeTeamMember out',
  'removeTeamBudget out',
  'reviewTemplate in',
  'reviewTemplate out',
  'removeTemplateReview out',
  'replayWebhookDelivery out',
  'readOpenapi out',
];

describe('the OpenAPI document', () => {
  it('and the SDK are what the operations generate', async () => {
    expect(await generateSdk(true)).toEqual([]);
  });

  it.each(operations.map((operation) => [operation.id, operation] as const))('describes %s', (id, operation) => {
    const described = paths[operation.path]?.[operation.method.toLowerCase()];
    expect(described?.operationId).toBe(id);
    expect(described?.security).toHaveLength(operation.access.kind === 'public' ? 0 : 1);
    const { status, otherStatus = status } = operation;
    const statuses = new Set([status, otherStatus, ...errorsByStatus(operation).keys()]);
    if (operation.page === true) statuses.add(304);
    expect(Object.keys(described?.responses ?? {}).sort()).toEqual([...statuses].map(String).sort());
  });

  it('has an example of what goes in and out of each operation, which its schemas take', () => {
    const lacking: string[] = [];
    for (const operation of describedOperations()) {
      const { id, body, answers } = operation;
      const { request, response } = recorded.get(id) ?? {};
      if (body?.required === true && request === undefined) lacking.push(`${id} in`);
      if (request !== undefined) expect([id, body?.takes(request), body?.takes.errors]).toEqual([id, true, null]);
      const checks = [200, 201, 202].flatMap((status) => answers.get(status)?.bodies.get('application/json') ?? []);
      if (checks.length > 0 && response === undefined) lacking.push(`${id} out`);
      for (const takes of response === undefined ? [] : checks) {
        expect([id, takes(response), takes.errors]).toEqual([id, true, null]);
      }
    }
    expect(lacking).toEqual(withoutExample);
    // A validator is compiled of each schema: seconds on a quiet machine.
  }, 120_000);

  it.each(Object.entries(document.components.examples))('has an error %s that answers can be', (name, { value }) => {
    expect(problemSchema.parse(value).code).toBe(name.replace(/\.\d+$/, ''));
  });

  it('holds nothing but operations', () => {
    const count = Object.values(paths).reduce((sum, item) => sum + Object.keys(item).length, 0);
    expect(count).toBe(operations.length);
  });
});

describe('the groups of operations', () => {
  it('are those that the wiring names', () => {
    expect(Object.keys(operationsByGroup).sort()).toEqual(operationGroups.map(({ name }) => name).sort());
  });

  it.each(operationGroups.map((group) => [group.name, group] as const))(
    '%s lie under their prefixes',
    (name, group) => {
      for (const operation of operationsByGroup[name] ?? []) {
        for (const path of [operation.path, ...(operation.aliases ?? [])]) {
          expect(group.prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))).toBe(true);
        }
      }
    },
  );
});
