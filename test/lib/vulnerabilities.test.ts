import { describe, expect, it } from 'vitest';
import { eventFunctions } from '../../core/wiring/flow-functions.ts';
import { functionsOf, references, resourcesOf, statementsOfRole, synthesize } from './template.ts';

const sources = 'https://mirror.example/tracker.json, https://mirror.example/osv.ndjson';
const { template } = synthesize({ 'vulnerabilities.sources': sources });
const { entry, memoryMiB } = eventFunctions.refreshVulnerabilities;
const found = functionsOf(template).find(({ Handler }) => Handler === entry.replace(/\.ts$/, '.handler'));

describe('the function that takes over vulnerability data', () => {
  it('has room for the tracker, and the addresses', () => {
    const variables = { LBUILD_VULNERABILITY_DATA: sources.replace(', ', ',') };
    expect(found?.properties).toMatchObject({ MemorySize: memoryMiB, Timeout: 900 });
    expect(found?.Environment.Variables).toMatchObject(variables);
    const others = functionsOf(template).filter(({ Handler }) => Handler !== found?.Handler);
    expect(new Set(others.map(({ properties }) => properties.MemorySize))).toEqual(new Set([1_024]));
  });

  it('writes and deletes its own files alone, and does nothing else with any store', () => {
    const statements = statementsOfRole(template, found?.roleId ?? '');
    const ofStore = statements.filter(({ Action }) => [Action].flat().some((action) => /^s3:(?!List)/.test(action)));
    expect(ofStore.flatMap(({ Action }) => Action).sort()).toEqual([
      ...['s3:AbortMultipartUpload', 's3:DeleteObject', 's3:GetObject', 's3:PutObject'],
    ]);
    for (const { Resource } of ofStore) expect(JSON.stringify(Resource)).toContain('/vulnerabilities/*');
    const services = statements.flatMap(({ Action }) => [Action].flat().map((action) => action.split(':')[0]));
    expect([...new Set(services)].sort()).toEqual(['dynamodb', 'logs', 's3', 'secretsmanager', 'sqs', 'xray']);
  });

  it('is called every four hours, and where somebody asks for it', () => {
    const rules = [...resourcesOf(template, 'AWS::Events::Rule').values()].filter(({ Properties }) =>
      references(Properties.Targets).has(found?.id ?? ''),
    );
    const told = rules.map(({ Properties }) =>
      JSON.stringify([Properties.ScheduleExpression, Properties.EventPattern]),
    );
    expect(told.sort()).toEqual([
      expect.stringContaining('rate(4 hours)'),
      expect.stringContaining('vulnerabilities.refresh_requested'),
    ]);
  });
});
