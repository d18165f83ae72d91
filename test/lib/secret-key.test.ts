import { describe, expect, it } from 'vitest';
import { eventFunctions, orchestrationFunctions } from '../../core/wiring/flow-functions.ts';
import { operationGroups } from '../../core/wiring/operation-groups.ts';
import { functionsOf, resourcesOf, statementsOfRole, synthesize } from './template.ts';

const { template } = synthesize();
const functions = functionsOf(template);
const [[id, resource] = ['none', undefined], ...others] = [...resourcesOf(template, 'AWS::KMS::Key')].filter(
  ([, { Properties }]) => Properties.KeyUsage === undefined,
);
const arn = { 'Fn::GetAtt': [id, 'Arn'] };

describe('the key that seals secrets', () => {
  it('is the only symmetric one, is renewed, and outlives the stack', () => {
    expect(others).toEqual([]);
    expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(resource?.Properties).toMatchObject({ EnableKeyRotation: true });
    expect(resource?.Properties).not.toHaveProperty('KeySpec');
  });

  it('seals for the functions that store, which open none, and opens for those that use secrets', () => {
    const entries = [...operationGroups, ...Object.values(orchestrationFunctions), ...Object.values(eventFunctions)];
    const users = entries.flatMap(({ name, entry }) => {
      const roleId = functions.find(({ Handler }) => Handler === entry.replace(/\.ts$/, '.handler'))?.roleId ?? '';
      const statements = statementsOfRole(template, roleId).filter(({ Action }) =>
        Action.some((action) => /^kms:(Encrypt|Decrypt|\*)$/.test(action)),
      );
      for (const { Resource } of statements) expect(Resource).toEqual([arn]);
      const actions = statements.flatMap(({ Action }) => Action);
      return actions.length === 0 ? [] : [[name, ...actions]];
    });
    expect(users.sort()).toEqual([
      ['builds', 'kms:Decrypt'],
      ['deliver-webhook', 'kms:Decrypt'],
      ['plan-build', 'kms:Decrypt'],
      ['secrets', 'kms:Encrypt'],
      ['stages', 'kms:Decrypt'],
      ['webhooks', 'kms:Encrypt'],
    ]);
    const underWebhooks = { StringLike: { 'kms:EncryptionContext:secret': 'webhook/*' } };
    for (const entry of ['functions/api/webhooks/lambda.handler', 'functions/events/deliver-webhook/lambda.handler']) {
      const roleId = functions.find(({ Handler }) => Handler === entry)?.roleId ?? '';
      const kms = statementsOfRole(template, roleId).filter(({ Action }) =>
        Action.some((one) => one.startsWith('kms:')),
      );
      expect(kms).toMatchObject([{ Condition: underWebhooks }]);
    }
    for (const { Environment } of functions) expect(Environment.Variables.LBUILD_SECRET_KEY_ARN).toEqual(arn);
  });
});
