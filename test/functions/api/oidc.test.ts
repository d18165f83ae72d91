import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTrustedFetch } from '../../../adapters/network/trusted-fetch.ts';
import { createTokenVerifier } from '../../../adapters/oidc/token-verifier.ts';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { memberWith } from '../../support/members.ts';
import { type IssuerUnderTest, makePair, signToken, startIssuer } from '../../support/oidc-issuer.ts';
import { type ApiUnderTest, openApi, type TenantUnderTest } from './api-under-test.ts';
import { call, problemOf, withoutRequestId } from './http-call.ts';

const clock = createSystemClock();
const pair = makePair('ES256', 'k1');
const audience = 'lbuild';

interface World {
  readonly api: ApiUnderTest;
  readonly one: TenantUnderTest;
  readonly other: TenantUnderTest;
  close(): Promise<void>;
}

async function openWorld(issuer: IssuerUnderTest, tenantClaim?: string): Promise<World> {
  const table = openSqliteTable({ file: ':memory:', clock });
  const oidc = { issuer: issuer.issuer, audience, ...(tenantClaim === undefined ? {} : { tenantClaim }) };
  const tokens = createTokenVerifier(oidc, { fetch: createTrustedFetch(), clock, log: () => undefined });
  const api = await openApi(table, { oidc }, { tokens });
  return {
    ...{ api, one: await api.tenant('one'), other: await api.tenant('other') },
    close: async () => {
      await api.close();
      table.close();
    },
  };
}

let issuer: IssuerUnderTest;
let world: World;
beforeAll(async () => {
  issuer = await startIssuer([pair]);
  world = await openWorld(issuer);
});
afterAll(async () => {
  await world.close();
  await issuer.close();
});

const tokenOf = (sub: string, more: Record<string, unknown> = {}) =>
  signToken(pair, { iss: issuer.issuer, aud: audience, sub, exp: Math.floor(Date.now() / 1_000) + 300, ...more });
const change = ({ api }: World, memberId: string, key: string, body: object) =>
  call(`${api.url}/v1/members/${memberId}`, { method: 'PATCH', key, body: JSON.stringify(body) });
const whoAmI = ({ api }: World, token: string) => call(`${api.url}/v1/whoami`, { key: token });
const viewer = async ({ api, one }: World) =>
  (await memberWith(api.ports, one.tenantId, ['viewer'], 'person')).memberId;

describe('a member who comes with a token', () => {
  it('is whom the subject is linked to, and may what their roles hold', async () => {
    const memberId = await viewer(world);
    expect((await whoAmI(world, tokenOf('ada'))).status).toBe(401);
    const linked = await change(world, memberId, world.one.keys.owner, { oidcSubject: 'ada' });
    expect([linked.status, linked.json()]).toEqual([200, expect.objectContaining({ memberId, oidcSubject: 'ada' })]);
    expect(JSON.stringify(linked.json())).not.toContain('oidcLink');

    const me = await whoAmI(world, tokenOf('ada'));
    expect(me.json()).toMatchObject({
      tenant: { tenantId: world.one.tenantId },
      member: { memberId },
      keyId: memberId.replace('mem_', 'oidc_'),
    });
    const builds = `${world.api.url}/v1/builds`;
    expect((await call(builds, { key: tokenOf('ada') })).status).toBe(200);
    const forbidden = await call(builds, { key: tokenOf('ada'), body: '{}' });
    expect([forbidden.status, problemOf(forbidden).code]).toEqual([403, 'access.forbidden']);

    expect((await change(world, memberId, world.one.keys.owner, { roles: ['builder'] })).status).toBe(200);
    expect((await call(builds, { key: tokenOf('ada'), body: '{}' })).status).toBe(422);
  });

  it('stands in the audit log as who they are', async () => {
    const memberId = await viewer(world);
    await change(world, memberId, world.one.keys.owner, { oidcSubject: 'audited', roles: ['admin'] });
    await change(world, await viewer(world), tokenOf('audited'), { name: 'Renamed' });
    const tail = await call(`${world.api.url}/v1/audit/tail`, { key: world.one.keys.auditor });
    const { unsealed } = tail.json() as { unsealed: { actor?: { memberId: string; keyId: string }; detail: object }[] };
    expect(unsealed.at(-1)?.actor).toMatchObject({ memberId, keyId: memberId.replace('mem_', 'oidc_') });
    expect(unsealed.some(({ detail }) => 'oidcSubject' in detail && detail.oidcSubject === 'audited')).toBe(true);
  });

  it('is nobody when suspended, unlinked or removed, and answered as who has no key at all', async () => {
    const memberId = await viewer(world);
    const owner = world.one.keys.owner;
    const link = (oidcSubject: string | null) => change(world, memberId, owner, { oidcSubject });
    await link('bob');
    const nobody = withoutRequestId(await whoAmI(world, 'lbk_nothing'));
    const expectNobody = async () => {
      const answer = await whoAmI(world, tokenOf('bob'));
      expect([answer.status, withoutRequestId(answer)]).toEqual([401, nobody]);
    };
    expect((await whoAmI(world, tokenOf('bob'))).status).toBe(200);
    await change(world, memberId, owner, { suspended: true });
    await expectNobody();
    await change(world, memberId, owner, { suspended: false });
    expect((await whoAmI(world, tokenOf('bob'))).status).toBe(200);
    expect((await link(null)).json()).not.toHaveProperty('oidcSubject');
    await expectNobody();
    expect((await link('bob')).status).toBe(200);
    await call(`${world.api.url}/v1/members/${memberId}`, { method: 'DELETE', key: owner });
    await expectNobody();
    // And the subject is free for somebody else.
    expect((await change(world, await viewer(world), owner, { oidcSubject: 'bob' })).status).toBe(200);
  });

  it('is nobody with a token that is not right', async () => {
    await change(world, await viewer(world), world.one.keys.owner, { oidcSubject: 'eve' });
    expect((await whoAmI(world, tokenOf('eve'))).status).toBe(200);
    const stranger = makePair('ES256', 'k1');
    const forged = [tokenOf('eve', { exp: 1 }), tokenOf('eve', { aud: 'x' }), signToken(stranger, { sub: 'eve' })];
    for (const token of forged) expect((await whoAmI(world, token)).status).toBe(401);
  });
});

describe('a subject', () => {
  it('is one member of the installation, and moves with one change', async () => {
    const { one, other, api } = world;
    const [first, second] = [await viewer(world), await viewer(world)];
    const foreign = (await memberWith(api.ports, other.tenantId, ['viewer'])).memberId;
    expect((await change(world, first, one.keys.owner, { oidcSubject: 'grace' })).status).toBe(200);
    for (const [memberId, key] of [
      [second, one.keys.owner],
      [foreign, other.keys.owner],
    ] as const) {
      const taken = await change(world, memberId, key, { oidcSubject: 'grace' });
      expect([taken.status, problemOf(taken).code]).toEqual([409, 'member.subject_taken']);
    }
    expect((await change(world, first, one.keys.owner, { oidcSubject: 'grace' })).status).toBe(200);
    expect((await change(world, first, one.keys.owner, { oidcSubject: 'hopper' })).status).toBe(200);
    expect((await change(world, foreign, other.keys.owner, { oidcSubject: 'grace' })).status).toBe(200);
    expect((await whoAmI(world, tokenOf('grace'))).json()).toMatchObject({ member: { memberId: foreign } });
    expect((await whoAmI(world, tokenOf('hopper'))).json()).toMatchObject({ member: { memberId: first } });
  });

  it('is linked once, however many ask at once', async () => {
    const members = await Promise.all(Array.from({ length: 6 }, () => viewer(world)));
    const answers = await Promise.all(
      members.map((memberId) => change(world, memberId, world.one.keys.owner, { oidcSubject: 'race' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
  });

  it('is linked by who holds what the member holds, and by nobody else', async () => {
    const { one } = world;
    const refused = await change(world, one.ownerId, one.keys.admin, { oidcSubject: 'mallory' });
    expect([refused.status, problemOf(refused).code]).toEqual([403, 'access.not_held']);
    const lacking = await change(world, one.ownerId, one.keys.builder, { oidcSubject: 'mallory' });
    expect([lacking.status, problemOf(lacking).code]).toEqual([403, 'access.forbidden']);
  });

  it.each(['', 'a\nb', 'ü', 'x'.repeat(256), 7])('cannot be %j', async (oidcSubject) => {
    const answer = await change(world, world.one.ownerId, world.one.keys.owner, { oidcSubject });
    expect([answer.status, problemOf(answer).errors[0]?.path]).toEqual([400, 'oidcSubject']);
  });
});

describe('where tokens tell their tenant', () => {
  let claimed: World;
  beforeAll(async () => {
    claimed = await openWorld(issuer, 'tenant');
  });
  afterAll(() => claimed.close());

  it('a subject is one in each tenant, and none in a tenant that its token does not tell', async () => {
    const { one, other, api } = claimed;
    const here = await viewer(claimed);
    const there = (await memberWith(api.ports, other.tenantId, ['viewer'])).memberId;
    expect((await change(claimed, here, one.keys.owner, { oidcSubject: 'ada' })).status).toBe(200);
    const token = (tenant: unknown) => tokenOf('ada', { tenant });
    expect((await whoAmI(claimed, token(other.tenantId))).status).toBe(401);
    expect((await change(claimed, there, other.keys.owner, { oidcSubject: 'ada' })).status).toBe(200);
    expect((await whoAmI(claimed, token(one.tenantId))).json()).toMatchObject({ member: { memberId: here } });
    expect((await whoAmI(claimed, token(other.tenantId))).json()).toMatchObject({ member: { memberId: there } });
    for (const tenant of [undefined, '', 7, [one.tenantId], 'ten_nobody']) {
      expect((await whoAmI(claimed, token(tenant))).status).toBe(401);
    }
  });
});

describe('an installation without an issuer', () => {
  it('takes no token, and links nobody', async () => {
    const table = openSqliteTable({ file: ':memory:', clock });
    const api = await openApi(table);
    const tenant = await api.tenant('plain');
    const asked = issuer.asked.length;
    expect((await call(`${api.url}/v1/whoami`, { key: tokenOf('ada') })).status).toBe(401);
    expect(issuer.asked).toHaveLength(asked);
    const answer = await call(`${api.url}/v1/members/${tenant.ownerId}`, {
      method: 'PATCH',
      key: tenant.keys.owner,
      body: JSON.stringify({ oidcSubject: 'ada' }),
    });
    expect([answer.status, problemOf(answer).code]).toEqual([409, 'oidc.not_configured']);
    await api.close();
    table.close();
  });
});
