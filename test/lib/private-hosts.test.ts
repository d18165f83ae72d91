import { expect, it } from 'vitest';
import { z } from 'zod';
import { resourcesOf, synthesize } from './template.ts';

const variablesSchema = z.looseObject({
  Environment: z.object({ Variables: z.record(z.string(), z.json()) }).optional(),
});

it('the hosts that archives of specs may be at reach every function', () => {
  const { template } = synthesize({ 'archives.privateHosts': 'Archive.internal, 10.0.0.7' });
  const hosts = [...resourcesOf(template, 'AWS::Lambda::Function').values()]
    .map(({ Properties }) => variablesSchema.parse(Properties).Environment?.Variables ?? {})
    .filter((variables) => 'LBUILD_TABLE' in variables)
    .map((variables) => variables.LBUILD_ARCHIVE_PRIVATE_HOSTS);
  expect(hosts.length).toBeGreaterThan(5);
  expect(new Set(hosts)).toEqual(new Set(['archive.internal,10.0.0.7']));
}, 120_000);
