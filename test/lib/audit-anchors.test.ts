import { expect, it } from 'vitest';
import { z } from 'zod';
import { eventFunctions } from '../../core/wiring/flow-functions.ts';
import { functionsOf, resourcesOf, synthesize } from './template.ts';

const { template } = synthesize();
const denialSchema = z.looseObject({ Sid: z.enum(['KeepFromDeletion', 'KeepFromOthers']) });

it('signed heads of audit logs are written by the sealer alone, and deleted by nobody', () => {
  const handler = eventFunctions.sealAudit.entry.replace(/\.ts$/, '.handler');
  const roleId = functionsOf(template).find(({ Handler }) => Handler === handler)?.roleId;
  expect(roleId).toBeDefined();
  const denials = [...resourcesOf(template, 'AWS::S3::BucketPolicy').values()]
    .flatMap(
      ({ Properties }) => z.looseObject({ Statement: z.array(z.json()) }).parse(Properties.PolicyDocument).Statement,
    )
    .flatMap((statement) => (denialSchema.safeParse(statement).success ? [statement] : []));
  const everybody = { Effect: 'Deny', Principal: { AWS: '*' } };
  expect(denials).toMatchObject([
    { ...everybody, Sid: 'KeepFromDeletion', Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'] },
    {
      ...{ ...everybody, Sid: 'KeepFromOthers', Action: 's3:PutObject' },
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': { 'Fn::GetAtt': [roleId, 'Arn'] } } },
    },
  ]);
  for (const denial of denials) expect(JSON.stringify(denial)).toContain('"/audit/*"');
});
