import { describe, expect, it } from 'vitest';
import { eventFunctions, orchestrationFunctions } from '../../core/wiring/flow-functions.ts';
import { operationGroups } from '../../core/wiring/operation-groups.ts';
import { functionsOf, resourcesOf, statementsOfRole, synthesize } from './template.ts';

const { template } = synthesize();
const functions = functionsOf(template);
const [[id, resource] = ['none', undefined], ...others] = [...resourcesOf(template, 'AWS::KMS::Key')].filter(
  ([, { Properties }]) => Properties.KeyUsage === 'SIGN_VERIFY',
);
const arn = { 'Fn::GetAtt': [id, 'Arn'] };

describe('the key that signs evidence', () => {
  it('is the only one of its use, on P-256, signs only, and outlives the stack', () => {
    expect(others).toEqual([]);
    expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(resource?.Properties).toMatchObject({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  });

  it('is used by the functions that sign, and read by the one that tells it', () => {
    const entries = [...operationGroups, ...Object.values(orchestrationFunctions), ...Object.values(eventFunctions)];
    const users = entries.flatMap(({ name, entry }) => {
      const roleId = functions.find(({ Handler }) => Handler === entry.replace(/\.ts$/, '.handler'))?.roleId ?? '';
      const statements = statementsOfRole(template, roleId).filter(({ Action }) =>
        Action.some((action) => /^kms:(?!Encrypt|Decrypt)/.test(action)),
      );
      for (const { Resource } of statements) expect(Resource).toEqual([arn]);
      const actions = statements.flatMap(({ Action }) => Action).sort();
      return actions.length === 0 ? [] : [[name, ...actions]];
    });
    expect(users.sort()).toEqual([
      ['finalize-build', 'kms:GetPublicKey', 'kms:Sign'],
      ['seal-audit', 'kms:GetPublicKey', 'kms:Sign'],
      ['service', 'kms:GetPublicKey'],
    ]);
    for (const { Environment } of functions) expect(Environment.Variables.LBUILD_SIGNING_KEY_ARN).toEqual(arn);
  });

  it('signs also the mode in which builders work: every function knows it', () => {
    for (const { Environment } of functions) expect(Environment.Variables.LBUILD_MODE).toBe('contained');
    const context = { capacity: 'managed-instances', singleTenant: 'true', nat: 'true' };
    for (const { Environment } of functionsOf(synthesize(context).template)) {
      expect(Environment.Variables.LBUILD_MODE).toBe('privileged');
    }
  });
});
