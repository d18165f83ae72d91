import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { architectures, outputTypes } from '../../../core/spec/releases.ts';
import { composeVersion } from '../../../core/templates/compose.ts';
import { presetTemplate } from '../../../core/templates/presets.ts';
import { templateRecordSchema, versionContentSchema } from '../../../core/templates/template-record.ts';
import { presets } from '../../../functions/shared/presets.ts';

const abilities = { architectures, outputs: outputTypes, snapshots: true };
const viewer = { tenantId: 'ten_1', memberId: 'mem_1', permissions: new Set<never>() };

describe('presets', () => {
  const table = openSqliteTable({ file: ':memory:', clock: createSystemClock() });

  it('are those that ship', () => {
    const files = readdirSync(new URL('../../../presets/', import.meta.url)).filter((name) => name.endsWith('.yaml'));
    expect(presets.map(({ name }) => `${name}.yaml`).sort()).toEqual(files.sort());
    expect(presets.map(({ name }) => name)).toContain('minimal');
  });

  it.each(presets.map((preset) => [preset.name, preset] as const))('%s is a template', async (name, preset) => {
    const { template, body } = presetTemplate(preset);
    expect(templateRecordSchema.parse(template)).toMatchObject({ name: `preset-${name}`, visibility: 'public' });
    const content = versionContentSchema.parse(body);
    const composed = await composeVersion({ table, presets }, viewer, abilities, content);
    expect(composed.body).toEqual(body);
    const child = versionContentSchema.parse({ extends: template.name, spec: { name: 'other' } });
    const extended = await composeVersion({ table, presets }, viewer, abilities, child);
    expect(extended.extends).toEqual([{ id: template.id, version: 1 }]);
    expect(extended.body.spec).toEqual({ ...body.spec, name: 'other' });
  });
});
