import { beforeAll, describe, expect, it } from 'vitest';
import { formatApiKey, parseApiKey } from '../../../core/access/api-key.ts';
import { builtInRoleNames } from '../../../core/access/built-in-roles.ts';
import { revokeApiKey } from '../../../core/access/key-repository.ts';
import { operations } from '../../../functions/api/operations.ts';
import type { Operation } from '../../../functions/shared/operation.ts';
import { keyWith } from '../../support/members.ts';
import { type Callers, columns, guarded, matrix, neededBy, openCallers, refusals } from './access-matrix.ts';
import { type ApiUnderTest, type TenantUnderTest, unknownKey } from './api-under-test.ts';
import { exampleSpec, startExample } from './example-spec.ts';
import { call, problemOf, withoutRequestId } from './http-call.ts';
import { neededPermissions } from './needed-permissions.ts';

/** A path of an operation with each parameter filled. */
function pathOf(operation: Operation, id: string): string {
  return operation.path
    .replace('/v1/stages/{id}', `/v1/stages/${id}.s1`)
    .replace('{id}', id)
    .replace('{other}', id)
    .replace('{key}', 'a'.repeat(64))
    .replace('{sha256}', 'a'.repeat(64))
    .replace('{n}', '1')
    .replace('{scan}', `scn_${'0'.repeat(26)}`)
    .replace('{version}', '1')
    .replace('{letterId}', `dlq_${'0'.repeat(26)}`)
    .replace('{tenantId}', `ten_${'0'.repeat(26)}`)
    .replace('{memberId}', `mem_${'0'.repeat(26)}`)
    .replace('{teamId}', `team_${'0'.repeat(26)}`)
    .replace('{tenantId}', `ten_${'0'.repeat(26)}`)
    .replace('{keyId}', `key_${'0'.repeat(26)}`)
    .replace('{name}', /^\/v1\/(roles|approval-policies|plugins)/.test(operation.path) ? 'nobody' : 'edge-web.iso');
}

function send(api: ApiUnderTest, operation: Operation, id: string, key?: string) {
  return call(`${api.url}${pathOf(operation, id)}`, {
    method: operation.method,
    ...(key === undefined ? {} : { key }),
    ...(operation.body === undefined
      ? {}
      : { body: JSON.stringify(operation.id === 'tagArtifacts' ? { tags: [] } : exampleSpec) }),
  });
}

const ofOneBuild = operations.filter((operation) => operation.path.startsWith('/v1/builds/{id}'));

/** Who may call what, derived from the operations themselves. */
export function describeAccess(api: () => ApiUnderTest): void {
  describe('access', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    let callers: Callers;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('one'), api().tenant('other')]);
      callers = await openCallers(api(), one);
    });
    const missing = () => api().ports.ids.next('bld');

    it('knows what every operation needs', () => {
      const table = operations.map(({ id, access }) => [
        id,
        access.kind === 'permission' ? access.permission : access.kind,
      ]);
      expect(Object.fromEntries(table)).toEqual(neededPermissions);
    });

    it.each(operations.map((operation) => [operation.id, operation] as const))(
      '%s refuses a call without credentials, unless it is public',
      async (_id, operation) => {
        const answer = await send(api(), operation, missing());
        if (operation.access.kind === 'public') {
          expect(answer.status).toBe(200);
          return;
        }
        const code = operation.access.kind === 'ticket' ? 'ticket.refused' : 'access.unauthenticated';
        expect([answer.status, problemOf(answer).code]).toEqual([401, code]);
        expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      },
    );

    it('has a row for every operation and a column for every kind of caller', () => {
      console.log(`access matrix: ${matrix.length} cells, ${guarded.length} operations by ${columns.length} callers`);
      expect(matrix).toHaveLength(guarded.length * columns.length);
      expect(columns.length).toBeGreaterThanOrEqual(builtInRoleNames.length + 14);
    });

    it.each(matrix)('%s, called %s', async (_operation, _caller, operation, column) => {
      const key = await column.key(callers, neededBy(operation));
      const answer = await send(api(), operation, missing(), key);
      const expected = column.expects(neededBy(operation), operation);
      if (expected === 'passes') expect([401, 403]).not.toContain(answer.status);
      else expect([answer.status, problemOf(answer).code]).toEqual(refusals[expected]);
    });

    it('answers every key that is not live alike', async () => {
      const { ids } = api().ports;
      const make = (expiresAt?: Date) =>
        keyWith(
          ...([api().ports, one.tenantId, ['owner']] as const),
          expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() },
        );
      const live = await make(new Date(Date.now() + 60_000));
      const revoked = await make();
      await revokeApiKey(api().ports, { tenantId: one.tenantId }, revoked.record.keyId);
      const secret = parseApiKey(one.keys.owner)?.secret ?? '';
      const keys = {
        expired: (await make(new Date(Date.now() - 1))).text,
        revoked: revoked.text,
        unknown: unknownKey(api().ports),
        'another secret': formatApiKey({ keyId: live.record.keyId, secret: ids.secret(32) }),
        "another key's secret": formatApiKey({ keyId: live.record.keyId, secret }),
        malformed: 'lbk_nothing',
      };
      expect((await call(`${api().url}/v1/builds`, { key: live.text })).status).toBe(200);
      const bodies = new Set<string>();
      for (const [name, key] of Object.entries(keys)) {
        const answer = await call(`${api().url}/v1/builds`, { key });
        expect([name, answer.status]).toEqual([name, 401]);
        bodies.add(withoutRequestId(answer));
      }
      expect(bodies.size).toBe(1);
    });

    it.each(ofOneBuild.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
      "%s answers another tenant's build as one that does not exist",
      async (_path, operation) => {
        const id = await startExample(api().url, one.keys.owner);
        const theirs = await send(api(), operation, id, other.keys.owner);
        const none = await send(api(), operation, missing(), other.keys.owner);
        expect([theirs.status, problemOf(theirs).code]).toEqual([404, 'build.not_found']);
        expect(withoutRequestId(theirs)).toBe(withoutRequestId(none));
        const names = (answer: typeof theirs) => [...answer.headers.keys()].sort();
        expect(names(theirs)).toEqual(names(none));
      },
    );

    it('lists the operations of one build', () => {
      expect(ofOneBuild.map(({ id }) => id)).toEqual([
        'readBuild',
        'readBuildCost',
        'readBuildLock',
        'readBuildSpec',
        'readBuildTrace',
        'cancelBuild',
        'resumeBuild',
        'retryBuild',
        'readLogs',
        'listArtifacts',
        'downloadArtifact',
        'removeArtifacts',
        'restoreArtifacts',
        'readBuildRetention',
        'tagArtifacts',
        'downloadEvidence',
        'diffBuilds',
        'verifyBuild',
        'listVerifications',
        'listPluginRuns',
        'listScans',
        'readScan',
        'recheckBuild',
        'scanBuild',
      ]);
    });

    it('takes a permission that is held inside a team alone for these, and for nothing else', () => {
      const open = operations.filter(({ access }) => access.kind === 'permission' && access.inTeam === true);
      expect(open.map(({ id }) => id).sort()).toEqual([
        ...['approveBuild', 'cancelBuild', 'changeTeam', 'declareUpload', 'diffBuilds', 'downloadArtifact'],
        ...[
          'downloadEvidence',
          'explainCache',
          'listApprovals',
          'listArtifacts',
          'listBuilds',
          'listPluginRuns',
          'listRebuilds',
          'listScans',
          'listTeamMembers',
          'listTeams',
          'listTrash',
          'listVerifications',
        ],
        ...[
          'previewPlan',
          'readApproval',
          'readBuild',
          'readBuildCost',
          'readBuildLock',
          'readBuildRetention',
          'readBuildSpec',
          'readBuildTrace',
          'readCapabilities',
          'readLogs',
          'readScan',
          'readTeam',
        ],
        ...[
          'readTeamBudget',
          'readTeamQuota',
          'readTeamShare',
          'readUpload',
          'readUsage',
          'readVulnerabilityData',
          'recheckBuild',
          'recheckBuilds',
          'rejectBuild',
          'removeArtifacts',
          'removeTeamMember',
          'restoreArtifacts',
          'resumeBuild',
          'retryBuild',
          'scanBuild',
          'setTeamMember',
          'startBuild',
          'tagArtifacts',
          'uploadLock',
        ],
        ...['validateSpec', 'verifyBuild', 'withdrawApproval'],
      ]);
    });

    it("lists a tenant's own builds only", async () => {
      const fresh = await api().tenant('fresh');
      await startExample(api().url, one.keys.owner);
      expect((await call(`${api().url}/v1/builds`, { key: fresh.keys.owner })).json()).toEqual({ builds: [] });
    });
  });
}
