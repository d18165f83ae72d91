import { describe, expect, it } from 'vitest';
import { eventFunctions } from '../../core/wiring/flow-functions.ts';
import { operationGroups } from '../../core/wiring/operation-groups.ts';
import { functionsOf, resourcesOf, statementsOfRole, synthesize } from './template.ts';

const { template } = synthesize();
const functions = functionsOf(template);

function functionOf(entry: string | undefined) {
  const found = functions.find(({ Handler }) => Handler === entry?.replace(/\.ts$/, '.handler'));
  if (found === undefined) throw new Error(`no function runs ${entry}`);
  return found;
}
const actionsOf = (entry: string | undefined) =>
  statementsOfRole(template, functionOf(entry).roleId).flatMap(({ Action }) => Action);

describe('the cache on AWS', () => {
  it('is read and emptied by its group, which deletes no bytes and signs nothing', () => {
    const actions = actionsOf(operationGroups.find(({ name }) => name === 'cache')?.entry);
    expect(actions).toEqual(expect.arrayContaining(['dynamodb:DeleteItem', 'dynamodb:Query', 's3:GetObject']));
    for (const action of ['s3:DeleteObject', 's3:PutObject', 'sts:AssumeRole']) expect(actions).not.toContain(action);
  });

  it('is evicted by the one schedule that may delete bytes, and warmed by one that touches none', () => {
    const evict = actionsOf(eventFunctions.evictCache.entry);
    expect(evict).toEqual(expect.arrayContaining(['s3:ListBucket', 's3:DeleteObject', 'dynamodb:DeleteItem']));
    expect(evict.filter((action) => /^(states|ecs|events|sts):/.test(action))).toEqual([]);
    const warm = actionsOf(eventFunctions.warmCache.entry);
    expect(warm.filter((action) => /^(s3|states|ecs|events|sts):/.test(action))).toEqual([]);
    const rates = [...resourcesOf(template, 'AWS::Events::Rule').values()].map(({ Properties }): [string, unknown] => [
      String(Properties.Description),
      Properties.ScheduleExpression,
    ]);
    const rateOf = (name: string) => rates.find(([description]) => description.split(', ').includes(name))?.[1];
    expect([rateOf('evict-cache'), rateOf('warm-cache')]).toEqual(['rate(1 hour)', 'rate(30 minutes)']);
  });

  it('has the limit and the warming that the deployment says', () => {
    const told = (context: Record<string, unknown>) => {
      const [first] = functionsOf(synthesize(context).template);
      const { LBUILD_CACHE_LIMIT_GIB, LBUILD_WARMS_PRESETS } = first?.Environment.Variables ?? {};
      return [LBUILD_CACHE_LIMIT_GIB, LBUILD_WARMS_PRESETS];
    };
    expect(told({})).toEqual(['500', 'true']);
    expect(told({ cacheLimitGiB: '30', warmsPresets: 'false' })).toEqual(['30', 'false']);
  });
});
