import { describe, expect, it } from 'vitest';
import { findBuild } from '../../core/builds/build-repository.ts';
import { loadPlan } from '../../core/builds/plan-store.ts';
import { warmthOf } from '../../core/builds/warmth.ts';
import type { SpecInput } from '../../core/spec/schema.ts';
import { warmBuilders } from '../../local/tasks/warm-builders.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});

async function build(members: Partial<SpecInput>): Promise<string> {
  return (await plane.ended((await plane.submit(specWith(members))).id)).id;
}

/** The steps whose layers, and the modules, that are made ready after a build; undefined where nothing is. */
async function readyAfter(id: string) {
  const { table, blobs } = plane.ports;
  const record = (await findBuild(table, id))?.value;
  if (record === undefined) throw new Error('the build is gone');
  const found = await warmthOf(table, record, await loadPlan(blobs, id));
  if (found === undefined) return undefined;
  const { base, modules } = found.warmth;
  const digests = [...base.flatMap(({ digest, index }) => [digest, index]), ...modules.map(({ digest }) => digest)];
  expect([...found.blobs.keys()].sort()).toEqual([...new Set(digests)].sort());
  return { layers: base.map(({ step }) => step), modules: modules.map(({ step }) => step) };
}

describe('what is made ready after a build', () => {
  it('of an ISO is what lies below the user’s packages, with the modules of that', async () => {
    const packages = { install: ['curl'] };
    expect(await readyAfter(await build({ packages, outputs: [{ type: 'iso' }] }))).toEqual({
      layers: ['bootstrap', 'kernel'],
      modules: ['module.bootstrap', 'module.kernel'],
    });
  });

  it('of a disk image, whose layers have no module, is the same', async () => {
    const packages = { install: ['curl'] };
    const found = await readyAfter(await build({ name: 'disk', packages, outputs: [{ type: 'raw' }] }));
    expect(found).toEqual({ layers: ['bootstrap', 'kernel'], modules: [] });
  });

  it('holds nothing of a tenant, and goes to the builders of a build that succeeded only', async () => {
    const told: (readonly string[])[] = [];
    const warm = async ({ base }: { readonly base: readonly { readonly step: string }[] }) => {
      told.push(base.map(({ step }) => step));
    };
    const steps = [{ id: 'site', run: 'echo one' }];
    const good = await build({ name: 'good', steps, outputs: [{ type: 'tar' }] });
    await warmBuilders(plane.ports, { warm }, good);
    expect(told).toEqual([['bootstrap', 'packages']]);
    plane.agent.scripts.set('site', [{ fails: 'script.failed' }]);
    const bad = await build({ name: 'bad', steps: [{ id: 'site', run: 'exit 1' }], outputs: [{ type: 'tar' }] });
    await warmBuilders(plane.ports, { warm }, bad);
    expect(told).toHaveLength(1);
  });
});
