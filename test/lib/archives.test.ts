import { expect, it } from 'vitest';
import { z } from 'zod';
import { resourcesOf, synthesize } from './template.ts';

const variablesSchema = z.looseObject({
  Environment: z.object({ Variables: z.record(z.string(), z.json()) }).optional(),
});

const snapshots = 'https://snapshots.internal/{archive}/{timestamp}';
const proxy = { LBUILD_PROXY: 'http://proxy.internal:3128', LBUILD_NO_PROXY: 'internal.example,.corp' };
const { template } = synthesize({
  'archives.privateHosts': 'Archive.internal, 10.0.0.7',
  'archives.snapshot': snapshots,
  'archives.ubuntu': 'http://archive.invalid/ubuntu',
  'archives.ubuntuSecurity': 'http://security.invalid/ubuntu',
  'oidc.issuer': 'https://id.example',
  'oidc.audience': 'lbuild',
  'oidc.tenantClaim': 'tenant',
  proxy: proxy.LBUILD_PROXY,
  noProxy: 'Internal.example, .corp',
});
const told = [...resourcesOf(template, 'AWS::Lambda::Function').values()]
  .map(({ Properties }) => variablesSchema.parse(Properties).Environment?.Variables ?? {})
  .filter((variables) => 'LBUILD_TABLE' in variables);

it('the archives of Ubuntu and of snapshots, and the hosts that archives of specs may be at, reach every function', () => {
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

it('whose tokens are taken reaches every function', () => {
  for (const variables of told) {
    expect(variables).toMatchObject({
      LBUILD_OIDC_ISSUER: 'https://id.example',
      LBUILD_OIDC_AUDIENCE: 'lbuild',
      LBUILD_OIDC_TENANT_CLAIM: 'tenant',
    });
  }
});

it('the web proxy reaches every function and the builders', () => {
  for (const variables of told) expect(variables).toMatchObject(proxy);
  const builders = JSON.stringify([...resourcesOf(template, 'AWS::ECS::TaskDefinition').values()]);
  for (const [name, value] of Object.entries(proxy)) {
    expect(builders).toContain(JSON.stringify({ Name: name, Value: value }));
  }
  const groups = JSON.stringify([...resourcesOf(template, 'AWS::EC2::SecurityGroup').values()]);
  expect(groups).toContain('"ToPort":3128');
});
