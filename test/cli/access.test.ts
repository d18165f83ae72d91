import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { exampleSpec } from '../functions/api/example-spec.ts';
import { type CliUnderTest, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const keyPattern = /^lbk_[0-9A-Z]{26}_[A-Za-z0-9_-]{43}$/;
const as = (key: string) => ['--api-key', key];

describe('lbuild', () => {
  it('whoami tells tenant, member, roles and permissions', async () => {
    const said = await cli.run(['whoami']);
    expect([said.code, said.out]).toEqual([
      0,
      expect.stringMatching(
        /^owner \(mem_\w+, person\) of .*\nroles: owner\nthis key may: analytics:read, approvals:decide, /,
      ),
    ]);
  });

  it('members, roles and keys: from a role to a key that may just that', async () => {
    const role = await cli.run([
      'roles',
      'set',
      'shipping',
      '--grant',
      'builds:read',
      'keys:own',
      '--description',
      'ships',
    ]);
    expect([role.code, role.out]).toEqual([0, 'shipping  builds:read, keys:own\n']);
    expect((await cli.run(['roles', 'list'])).out).toMatch(
      /^owner \(built in\) {2}analytics:\*, approvals:\*, artifacts:\*, /m,
    );
    const added = await cli.run(['members', 'add', 'Mirror', '--service', '--role', 'shipping']);
    const [memberId = ''] = added.out.split(' ');
    expect(added.out).toMatch(/^mem_\w+ {2}service {2}Mirror {2}shipping\n$/);
    const made = await cli.run([
      'keys',
      'create',
      'mirror',
      '--member',
      memberId,
      '--from',
      '127.0.0.0/8',
      '--expires',
      '2099-01-01T00:00:00Z',
    ]);
    const key = made.out.trim();
    expect(key).toMatch(keyPattern);
    expect(made.err).toContain('shown once');
    expect((await cli.run(['list', ...as(key)])).code).toBe(0);
    const forbidden = await cli.run(['members', 'list', ...as(key)]);
    expect([forbidden.code !== 0, forbidden.err]).toEqual([true, expect.stringContaining('members:read')]);
    const [keyId = ''] = (await cli.run(['keys', 'list', ...as(key)])).out.split(' ');
    const rotated = await cli.run(['keys', 'rotate', keyId, '--overlap', '0', ...as(key)]);
    const next = rotated.out.trim();
    expect(next).toMatch(keyPattern);
    expect((await cli.run(['whoami', ...as(key)])).code).not.toBe(0);
    expect((await cli.run(['keys', 'list', '--member', memberId])).out).toMatch(
      / expired {2}used .* from 127\.0\.0\.1 {2}mirror\n.* live until 2099-01-01T00:00Z /,
    );
    const suspended = await cli.run(['members', 'change', memberId, '--suspend', '--name', 'Mirror II']);
    expect(suspended.out).toMatch(/Mirror II {2}shipping {2}suspended /);
    expect((await cli.run(['whoami', ...as(next)])).code).not.toBe(0);
    expect((await cli.run(['members', 'change', memberId, '--resume'])).out).not.toContain('suspended');
    expect((await cli.run(['keys', 'revoke', keyId])).out).toBe(`${keyId} revoked\n`);
    expect((await cli.run(['members', 'remove', memberId])).out).toBe(`${memberId} removed\n`);
    expect((await cli.run(['whoami', ...as(next)])).code).not.toBe(0);
    expect((await cli.run(['roles', 'remove', 'shipping'])).out).toBe('shipping removed\n');
  });

  it('teams: somebody who is in one builds there, and sees no other', async () => {
    const made = await cli.run(['teams', 'create', 'Web', '--description', 'edge images']);
    expect([made.code, made.out]).toEqual([
      0,
      expect.stringMatching(/^team_\w+ {2}Web {2}0 member\(s\) {2}edge images\n$/),
    ]);
    const [teamId = ''] = made.out.split(' ');
    const [memberId = ''] = (await cli.run(['members', 'add', 'Ada', '--role', 'member'])).out.split(' ');
    const set = await cli.run(['teams', 'set-member', 'Web', memberId, '--role', 'builder']);
    expect(set.out).toBe(`${memberId}  person  Ada  builder\n`);
    expect((await cli.run(['teams', 'members', 'Web'])).out).toBe(set.out);
    const key = (await cli.run(['keys', 'create', 'ada', '--member', memberId])).out.trim();
    expect((await cli.run(['whoami', ...as(key)])).out).toMatch(/\nin Web \(team_\w+\): .*builds:create/);
    const spec = JSON.stringify(exampleSpec);
    const refused = await cli.run(['start', '-', ...as(key)], { input: spec });
    expect([refused.code, refused.err]).toEqual([4, expect.stringContaining('inside teams alone')]);
    const started = await cli.run(['start', '-', '--team', 'Web', ...as(key)], { input: spec });
    expect([started.code, started.err]).toEqual([0, expect.anything()]);
    const [buildId = ''] = started.out.split(/\s/);
    const other = await cli.run(['start', '-'], { input: spec });
    expect(other.code).toBe(0);
    expect((await cli.run(['list', ...as(key)])).out).toMatch(new RegExp(`^${buildId} .*\n$`));
    expect((await cli.run(['list', '--team', teamId])).out).toMatch(new RegExp(`^${buildId} .*\n$`));
    const unknown = await cli.run(['list', '--team', 'Nobody']);
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('no team that you may read')]);
    expect((await cli.run(['teams', 'change', 'Web', '--name', 'Edge'])).out).toContain('Edge  1 member(s)');
    expect((await cli.run(['teams', 'list', ...as(key)])).out).toContain('Edge');
    expect((await cli.run(['teams', 'remove', 'Edge'])).err).toContain('team.in_use');
    expect((await cli.run(['teams', 'remove-member', 'Edge', memberId])).code).toBe(0);
    expect((await cli.run(['teams', 'remove', 'Edge'])).out).toBe(`${teamId} removed\n`);
  }, 120_000);

  it('tenants makes one for an operator, whose owner can come in', async () => {
    const { operator } = cli.tenant.keys;
    const made = await cli.run(['tenants', 'create', 'Globex', 'Hank', ...as(operator)]);
    expect(made.out.trim()).toMatch(keyPattern);
    expect((await cli.run(['whoami', ...as(made.out.trim())])).out).toMatch(/^Hank \(mem_\w+, person\) of Globex /);
    expect((await cli.run(['tenants', 'list', ...as(operator)])).out).toMatch(
      /^ten_\w+ {2}\d{4}-\d\d-\d\d {2}Globex$/m,
    );
  });

  it('tells what is refused, and why', async () => {
    const unknown = await cli.run(['roles', 'set', 'odd', '--grant', 'builds:destroy']);
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('grants[0]')]);
    const lacking = await cli.run(['members', 'add', 'Eve', '--role', 'operator']);
    expect(lacking.err).toContain('access.not_held');
    const soon = await cli.run(['keys', 'create', 'old', '--expires', '2020-01-01T00:00:00Z']);
    expect(soon.err).toContain('it is in the past');
  });
});

it('members: are linked to subjects only where there is an issuer', async () => {
  const added = await cli.run(['members', 'add', 'Ada', '--role', 'viewer', '--json']);
  const { memberId } = JSON.parse(added.out) as { memberId: string };
  const linked = await cli.run(['members', 'change', memberId, '--oidc-subject', 'ada']);
  expect([linked.code !== 0, linked.err]).toEqual([true, expect.stringContaining('oidc.not_configured')]);
  expect((await cli.run(['members', 'change', memberId, '--no-oidc-subject'])).code).toBe(0);
});

it('the SDK pages through members and keys, and renames the tenant', async () => {
  const client = new LinuxBuilderClient({ url: cli.api.url, apiKey: cli.tenant.keys.owner });
  expect((await client.members.list().all()).length).toBeGreaterThanOrEqual(8);
  expect((await client.keys.list().all()).every(({ state }) => state === 'live')).toBe(true);
  expect(await client.tenants.renameOwn('Initech')).toMatchObject({ name: 'Initech' });
  expect(await client.tenants.readOwn()).toMatchObject({ name: 'Initech' });
});
