import { describe, expect, it } from 'vitest';
import { permissionsOf } from '../../../core/access/grants.ts';
import type { Grant } from '../../../core/access/permissions.ts';
import type { Principal } from '../../../core/access/principal.ts';
import { reaches, reachWith, wholeTenant } from '../../../core/access/reach.ts';

const principalOf = (grants: readonly Grant[], teams: Readonly<Record<string, readonly Grant[]>> = {}): Principal => {
  const held = new Set(grants);
  return {
    ...{ tenantId: 'ten_1', memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1', grants: held },
    permissions: permissionsOf(held),
    teamGrants: new Map(Object.entries(teams).map(([id, list]) => [id, new Set(list)])),
  };
};

describe('a permission', () => {
  it('that is held in the tenant reaches all of it, whatever is held in teams', () => {
    expect(reachWith(principalOf(['builds:*'], { tem_1: ['builds:read'] }), 'builds:read')).toEqual({
      ...{ tenantId: 'ten_1', teams: 'all' },
    });
  });

  it('that is held in teams reaches what is theirs', () => {
    const principal = principalOf(['cache:read'], {
      tem_1: ['builds:*'],
      tem_2: ['builds:read'],
      tem_3: ['cache:read'],
    });
    expect(reachWith(principal, 'builds:read')).toEqual({ tenantId: 'ten_1', teams: new Set(['tem_1', 'tem_2']) });
    expect(reachWith(principal, 'builds:create')).toEqual({ tenantId: 'ten_1', teams: new Set(['tem_1']) });
  });

  it('that is held nowhere reaches nothing', () => {
    expect(reachWith(principalOf(['cache:read'], { tem_1: ['cache:read'] }), 'builds:read')).toBeUndefined();
    expect(reachWith(principalOf([]), 'builds:read')).toBeUndefined();
  });
});

describe('a thing', () => {
  const inTeams = { tenantId: 'ten_1', teams: new Set(['tem_1']) };
  it.each([
    ['of the tenant', wholeTenant('ten_1'), { tenantId: 'ten_1' }, true],
    ['of a team, by the whole tenant', wholeTenant('ten_1'), { tenantId: 'ten_1', teamId: 'tem_9' }, true],
    ['of another tenant', wholeTenant('ten_1'), { tenantId: 'ten_2' }, false],
    ['of another tenant’s team of the same id', inTeams, { tenantId: 'ten_2', teamId: 'tem_1' }, false],
    ['of the team', inTeams, { tenantId: 'ten_1', teamId: 'tem_1' }, true],
    ['of another team', inTeams, { tenantId: 'ten_1', teamId: 'tem_2' }, false],
    ['of no team, from inside one', inTeams, { tenantId: 'ten_1' }, false],
    ['of no team, said so', inTeams, { tenantId: 'ten_1', teamId: undefined }, false],
  ] as const)('%s is in reach or not', (_, reach, thing, is) => {
    expect(reaches(reach, thing)).toBe(is);
  });
});
