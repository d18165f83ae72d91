import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { operationGroups } from '../../../core/wiring/operation-groups.ts';
import document from '../../../docs/openapi.json' with { type: 'json' };
import { operations, operationsByGroup } from '../../../functions/api/operations.ts';
import { errorsByStatus } from '../../../functions/shared/openapi/problems.ts';
import { generateSdk } from '../../../scripts/generate-sdk.ts';

const operationSchema = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(1),
  security: z.array(z.unknown()),
  responses: z.record(z.string(), z.unknown()),
});
const paths = z.record(z.string(), z.record(z.string(), operationSchema)).parse(document.paths);

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
