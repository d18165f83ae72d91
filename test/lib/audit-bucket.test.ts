import { describe, expect, it } from 'vitest';
import { eventFunctions } from '../../core/wiring/flow-functions.ts';
import { functionsOf, references, resourcesOf, statementsOfRole, synthesize } from './template.ts';

const { template } = synthesize({ auditRetentionDays: '90' });
const [bucketId = '', bucket] =
  [...resourcesOf(template, 'AWS::S3::Bucket')].find(([, { Properties }]) => Properties.ObjectLockEnabled === true) ??
  [];
const handler = eventFunctions.exportAudit.entry.replace(/\.ts$/, '.handler');
const exporter = functionsOf(template).find(({ Handler }) => Handler === handler);

describe('the bucket of audit logs', () => {
  it('keeps each file from everybody, for as long as was said, and outlives the stack', () => {
    expect(bucket).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        ObjectLockEnabled: true,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 90 } },
        },
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      },
    });
    expect(JSON.stringify(bucket?.Properties.LifecycleConfiguration)).not.toContain('Expiration');
  });

  it('is written by the exporter alone, which reads nothing of it and cannot touch a lock', () => {
    const roles = functionsOf(template).map(({ roleId }) => roleId);
    const touching = roles.filter((roleId) =>
      statementsOfRole(template, roleId).some(({ Resource }) => references(Resource).has(bucketId)),
    );
    expect(touching).toEqual([exporter?.roleId]);
    const actions = statementsOfRole(template, exporter?.roleId ?? '')
      .filter(({ Resource }) => references(Resource).has(bucketId))
      .flatMap(({ Action }) => Action);
    expect(actions.sort()).toEqual(['s3:ListBucket', 's3:PutObject']);
  });

  it('is filled each day, by a function that changes nothing else and signs nothing', () => {
    const all = statementsOfRole(template, exporter?.roleId ?? '').flatMap(({ Action }) => Action);
    expect(all.filter((action) => /dynamodb:(Put|Update|Delete|Batch.*Write)|kms:Sign|s3:Delete/.test(action))).toEqual(
      [],
    );
    const rule = [...resourcesOf(template, 'AWS::Events::Rule').values()].find(
      ({ Properties }) => Properties.Description === 'export-audit',
    );
    expect(rule?.Properties.ScheduleExpression).toBe('rate(1 day)');
    expect(references(rule?.Properties.Targets)).toContain(exporter?.id);
  });
});
