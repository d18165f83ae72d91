import { exportAudit } from '../../../../core/audit/exporter.ts';
import { sealAudit } from '../../../../core/audit/sealer.ts';
import { smallSpec } from '../../../support/small-spec.ts';
import type { EngineDesk } from '../desk.ts';
import type { Scene } from '../scene.ts';

/** The member of a name. */
export async function memberNamed(desk: EngineDesk, name: string): Promise<string> {
  for await (const member of desk.client.members.list()) if (member.name === name) return member.memberId;
  throw new Error(`there is no member ${name}`);
}

const access: Scene = {
  document: 'docs/access.md',
  names: { MEMBER: (desk) => memberNamed(desk, 'Ada'), SUBJECT: 'ada' },
  as: { 'npx lbuild tenants create': ({ operatorKey }) => operatorKey },
  says: {
    'npx lbuild whoami': /Reader/,
    'npx lbuild members list': /Ada[\s\S]*CI/,
    'npx lbuild keys list': /lbk_|[0-9A-Z]{26}/,
    'npx lbuild tenants create': /lbk_/,
  },
};

const teams: Scene = {
  document: 'docs/teams.md',
  files: { 'edge.yaml': JSON.stringify(smallSpec([], 'edge')) },
  names: { 'mem_01...': (desk) => memberNamed(desk, 'Ada') },
  as: { 'npx lbuild start edge.yaml': adasKey },
  says: { 'npx lbuild list': /edge/ },
};

async function adasKey(desk: EngineDesk): Promise<string> {
  const memberId = await memberNamed(desk, 'Ada');
  return (await desk.client.keys.create({ name: 'Ada', memberId })).text ?? '';
}

/** A build that a policy holds up, and who may approve it. */
const waiting = (desk: EngineDesk): Promise<unknown> =>
  desk.once('a build that waits', () =>
    desk.client.startBuild({ ...smallSpec([], 'guarded'), outputs: [{ type: 'raw' as const }] }),
  );
const approver = (desk: EngineDesk): Promise<string> => desk.keyOf('Bob', 'approver');

const approvals: Scene = {
  document: 'docs/approvals.md',
  names: {
    async ID(desk) {
      for await (const { id } of desk.client.approvals.list()) return id;
      throw new Error('nothing waits for approval');
    },
  },
  before: { 'npx lbuild approvals ls': waiting },
  as: {
    'npx lbuild approvals ls': approver,
    'npx lbuild approvals show': approver,
    'npx lbuild approvals approve': approver,
    'npx lbuild approvals reject': (desk) => desk.keyOf('Eve', 'approver'),
  },
  says: { 'npx lbuild approvals ls': /guarded/, 'npx lbuild approvals show': /"?outputs"?/ },
};

/** What the daily copy of the tenant's log is, in the reader's folder. */
async function copyAudit(desk: EngineDesk): Promise<void> {
  const { table, blobs } = desk.ports;
  await desk.prepare('rm audit.ndjson');
  await sealAudit(desk.ports);
  await exportAudit({
    ...{ table, blobs },
    archive: {
      names: async () => ({ names: [] }),
      put: async (name, body) => {
        if (name.includes(desk.tenantId)) await desk.file(name.replaceAll('/', '_'), Buffer.from(body).toString());
      },
    },
  });
}

const audit: Scene = {
  document: 'docs/audit.md',
  before: {
    'npx lbuild audit list --action': (desk) =>
      desk.once('a change', async () => {
        await desk.keyOf('Ada', 'viewer');
        await desk.client.members.change(await memberNamed(desk, 'Ada'), { roles: ['builder'] });
      }),
    'npx lbuild audit verify --key': (desk) => desk.prepare('npx lbuild signing-key > signing-key.pem'),
    'npx lbuild audit verify --export': copyAudit,
  },
  says: {
    'npx lbuild audit list --action': /member\.changed/,
    'npx lbuild audit verify --export': /^verified /m,
  },
};

export const accessScenes = [access, teams, approvals, audit];
