import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { metricCatalogue } from '../../core/wiring/metric-catalogue.ts';
import { tableSchema } from '../../core/wiring/table-schema.ts';
import { runbooks } from '../../lib/runbooks.ts';
import { functionsOf, resourcesOf, synthesize } from './template.ts';

const { template, operations } = synthesize();
const alarmSchema = z.looseObject({ AlarmDescription: z.string() });
const alarms = [...resourcesOf(operations, 'AWS::CloudWatch::Alarm').values()].map(({ Properties }) =>
  alarmSchema.parse(Properties),
);
const project = join(import.meta.dirname, '../..');
const runbookOf = (description: string) => /What to do: (docs\/operations\/([a-z-]+)\.md)$/.exec(description);

/** Names of the engine's own metrics that a part of the template asks for. */
const ownMetrics = (text: string) => new Set(text.match(/lbuild_[a-z_]+/g) ?? []);

describe('alarms', () => {
  it('each say what happened, and lead to a runbook that is there', () => {
    expect(alarms.length).toBeGreaterThan(2 * functionsOf(template).length);
    for (const { AlarmDescription } of alarms) {
      const [, path = 'none'] = runbookOf(AlarmDescription) ?? [];
      expect(existsSync(join(project, path)), AlarmDescription).toBe(true);
    }
  });

  it('and each runbook has its alarm; what else lies there belongs to no alarm', () => {
    const named = new Set(alarms.map(({ AlarmDescription }) => runbookOf(AlarmDescription)?.[2]));
    expect([...named].sort()).toEqual([...runbooks].sort());
    const files = readdirSync(join(project, 'docs/operations')).map((name) => name.replace(/\.md$/, ''));
    expect(files.filter((name) => !named.has(name))).toEqual(['not-ready']);
  });

  it('and dashboard ask for metrics that are measured, by their names', () => {
    const dashboards = [...resourcesOf(operations, 'AWS::CloudWatch::Dashboard').values()];
    expect(dashboards).toHaveLength(1);
    const asked = ownMetrics(JSON.stringify([alarms, dashboards]));
    const known = Object.keys(metricCatalogue);
    expect([...asked].filter((name) => !known.includes(name))).toEqual([]);
    // Whatever is measured is shown.
    expect(known.filter((name) => !ownMetrics(JSON.stringify(dashboards)).has(name))).toEqual([]);
  });

  it('hear of throttled reads or writes alone, of the table and of each index', () => {
    const throttles = alarms.find(({ AlarmDescription }) => AlarmDescription.startsWith('DynamoDB throttles'));
    const text = JSON.stringify(throttles);
    for (const { name } of Object.values(tableSchema.indexes)) expect(text.split(`"${name}"`)).toHaveLength(3);
    const added = /"Expression":"([^"]+)"/.exec(text)?.[1]?.split(' + ') ?? [];
    expect(added).toHaveLength(2 * (1 + Object.keys(tableSchema.indexes).length));
    // A sum of which one part is missing has no value.
    for (const part of added) expect(part).toMatch(/^FILL\((reads|writes)\d, 0\)$/);
  });

  it('hear of vulnerability data that is a day old, and say nothing where none is measured', () => {
    const old = alarms.find(({ AlarmDescription }) => AlarmDescription.startsWith('The mirror of vulnerability data'));
    expect(old).toMatchObject({
      ...{ MetricName: 'lbuild_vulnerability_data_age_seconds', Threshold: 86_400, Statistic: 'Maximum' },
      ...{ ComparisonOperator: 'GreaterThanOrEqualToThreshold', TreatMissingData: 'notBreaching' },
    });
  });

  it('fit into one stack beside the engine’s, and both leave room', () => {
    // CloudFormation takes 500 resources, and 200 parameters, a stack.
    for (const { Resources } of [template, operations]) expect(Object.keys(Resources).length).toBeLessThan(450);
    expect(Object.keys(operations.Parameters).length).toBeLessThan(150);
  });
});
