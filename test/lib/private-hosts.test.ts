import { expect, it } from 'vitest';
import { z } from 'zod';
import { resourcesOf, synthesize } from './template.ts';

const variablesSchema = z.looseObject({
  Environment: z.object({ Variables: z.record(z.string(), z.json()) }).optional(),
});

it('the hosts that archives of specs may be at, and the archive of snapshots, reach every function', () => {
  const snapshots = 'https://snapshots.internal/{archive}/{timestamp}';
  const { template } = synthesize({
    'archives.privateHosts': 'Archive.internal, 10.0.0.7',
    'archives.snapshot': snapshots,
  });
  const variables = [...resourcesOf(template, 'AWS::Lambda::Function').values()]
    .map(({ Properties }) => variablesSchema.parse(Properties).Environment?.Variables ?? {})
    .filter((own) => 'LBUILD_TABLE' in own);
  expect(variables.length).toBeGreaterThan(5);
  for (const own of variables) {
    expect(own.LBUILD_ARCHIVE_PRIVATE_HOSTS).toBe('archive.internal,10.0.0.7');
    expect(own.LBUILD_ARCHIVE_SNAPSHOT).toBe(snapshots);
  }
});
