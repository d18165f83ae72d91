import { expect, it } from 'vitest';
import { z } from 'zod';
import { resourcesOf, synthesize } from './template.ts';

const variablesSchema = z.looseObject({
  Environment: z.object({ Variables: z.record(z.string(), z.json()) }).optional(),
});

it('the archives of Ubuntu and of snapshots, and the hosts that archives of specs may be at, reach every function', () => {
  const snapshots = 'https://snapshots.internal/{archive}/{timestamp}';
  const { template } = synthesize({
    'archives.privateHosts': 'Archive.internal, 10.0.0.7',
    'archives.snapshot': snapshots,
    'archives.ubuntu': 'http://archive.invalid/ubuntu',
    'archives.ubuntuSecurity': 'http://security.invalid/ubuntu',
  });
  const told = [...resourcesOf(template, 'AWS::Lambda::Function').values()]
    .map(({ Properties }) => variablesSchema.parse(Properties).Environment?.Variables ?? {})
    .filter((variables) => 'LBUILD_TABLE' in variables);
  expect(told.length).toBeGreaterThan(5);
  for (const variables of told) {
    expect(variables).toMatchObject({
      LBUILD_ARCHIVE_PRIVATE_HOSTS: 'archive.internal,10.0.0.7',
      LBUILD_ARCHIVE_SNAPSHOT: snapshots,
      LBUILD_ARCHIVE_UBUNTU: 'http://archive.invalid/ubuntu',
      LBUILD_ARCHIVE_UBUNTU_SECURITY: 'http://security.invalid/ubuntu',
    });
  }
});
