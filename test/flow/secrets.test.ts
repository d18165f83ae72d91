import { describe, expect, it } from 'vitest';
import { loadPlan } from '../../core/builds/plan-store.ts';
import { listAttempts } from '../../core/builds/stage-repository.ts';
import { removeSecret, setSecret } from '../../core/secrets/secret-repository.ts';
import type { SpecInput } from '../../core/spec/schema.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { sampleArchive } from '../core/spec/archive-samples.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

const site = sampleArchive({ credentials: { username: 'ci', password: { secret: 'site' } } });
const state = {
  ...archive,
  extra: [
    {
      name: 'site',
      suites: [{ uri: site.url, suite: 'stable', components: ['main'], date: 1, indexes: { x: 'd'.repeat(64) } }],
    },
  ],
};
let plane: ControlPlane;
useControlPlane(state, (opened) => {
  plane = opened;
});

const tenant = 'ten_1';
const set = (value: string, tenantId = tenant) => setSecret(plane.ports, { tenantId }, { name: 'site', value });
const build = async (members: Partial<SpecInput> = {}) => {
  const spec = specWith({ archives: [site], outputs: [{ type: 'tar' }], ...members });
  plane.agent.began.length = 0;
  return plane.ended((await plane.submit(spec)).id);
};
const ran = () => plane.agent.began.map((entry) => entry.split(' ')[1]);

describe('a build of an archive with credentials', () => {
  it('lets the step that takes packages from it have the secret, and builds again with another value', async () => {
    const { secret } = await set('hush');
    const ended = await build();
    expect(ended.failure).toBeUndefined();
    const named = (await listAttempts(plane.ports.table, ended.id)).map(({ value }) => value.secrets);
    expect(named.filter((secrets) => secrets !== undefined)).toEqual([{ packages: ['site'] }]);
    const plan = await loadPlan(plane.ports.blobs, ended.id);
    expect(plan.steps.filter(({ options }) => options.secrets !== undefined)).toMatchObject([
      { id: 'packages', options: { secrets: [{ name: 'site', version: secret.version }] } },
    ]);
    await build();
    expect(ran()).toEqual([]);
    await set('hush');
    await build();
    expect(ran()).toContain('packages');
    expect(ran()).not.toContain('bootstrap');
  });

  it('ends where the secret is missing when it is planned, and names it', async () => {
    await set('hush', 'ten_2');
    await removeSecret(plane.ports, { tenantId: tenant }, 'site');
    expect((await build()).failure).toMatchObject({
      code: 'secret.not_found',
      reason: 'The tenant has no secret "site".',
    });
  });

  it('ends where the secret is removed before the stage is prepared', async () => {
    await set('hush');
    plane.agent.scripts.set('bootstrap', [{ milliseconds: 400 }]);
    const { id } = await plane.submit(
      specWith({
        archives: [site],
        system: { hostname: 'late' },
        packages: { recommends: true },
        outputs: [{ type: 'tar' }],
        base: { distribution: 'debian', release: 'trixie', architecture: 'arm64' },
      }),
    );
    while (!plane.agent.began.some((entry) => entry === `${id} bootstrap`))
      await new Promise((resolve) => setTimeout(resolve, 5));
    await removeSecret(plane.ports, { tenantId: tenant }, 'site');
    expect((await plane.ended(id)).failure).toMatchObject({
      code: 'secret.not_found',
      reason: 'The tenant has no secret site any more.',
    });
    expect(ran()).not.toContain('packages');
  });
});
