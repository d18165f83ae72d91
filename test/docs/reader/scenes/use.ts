import { smallSpec } from '../../../support/small-spec.ts';
import type { EngineDesk } from '../desk.ts';
import type { Scene } from '../scene.ts';
import { dayFromNow } from './days.ts';

const today = (): string => dayFromNow(0);
const month = (): string => today().slice(0, 7);
const operator = ({ operatorKey }: EngineDesk): string => operatorKey;
const tenant = ({ tenantId }: EngineDesk): string => tenantId;

const billing: Scene = {
  document: 'docs/billing.md',
  files: { 'rates.json': JSON.stringify({ from: dayFromNow(40), name: 'next', prices: { 'builder.vcpu': 52_000 } }) },
  names: { BUILD: (desk) => desk.built(), '2026-11-26': today, '2026-11': month },
  before: { 'npx lbuild usage show': (desk) => desk.built() },
  as: { 'npx lbuild billing rates set': operator, 'npx lbuild billing costs': operator },
  says: {
    'npx lbuild usage show': /builder\.time/,
    'npx lbuild usage build': /USD/,
    'npx lbuild usage records': /builder\./,
    'npx lbuild billing budget': /of 250\.00 USD/,
    'npx lbuild billing rates set': /52000|next/,
  },
};

const analytics: Scene = {
  document: 'docs/analytics.md',
  names: { '2026-11-01': () => dayFromNow(-20) },
};

const quotas: Scene = {
  document: 'docs/quotas.md',
  names: {
    TENANT: tenant,
    TEAM: (desk) => desk.once('team', async () => (await desk.client.teams.create({ name: 'Web' })).teamId),
  },
  as: { 'npx lbuild tenants quota': operator },
};

const queue: Scene = {
  document: 'docs/queue.md',
  files: { 'image.yaml': JSON.stringify(smallSpec([])) },
  names: { ten_01JZZZZZZZZZZZZZZZZZZZZZZZ: tenant },
  as: { 'npx lbuild tenants share': operator },
};

export const useScenes = [billing, analytics, quotas, queue];
