import { describe, expect, it } from 'vitest';
import { embeddedSpecText } from '../../../core/plan/embedded-spec.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import type { Plan, PlanStep } from '../../../core/plan/plan.ts';
import type { SpecInput } from '../../../core/spec/schema.ts';
import { sampleArchive } from '../spec/archive-samples.ts';
import { passwordHashes } from '../spec/sample-spec.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';

const planOf = (members: Partial<SpecInput>): Plan => makePlan({ spec: specWith(members), archive, toolchain });
const stepOf = (plan: Plan, id: string): PlanStep | undefined => plan.steps.find((step) => step.id === id);
const told = (members: Partial<SpecInput>): unknown => {
  const text = embeddedSpecText(specWith({ embedSpec: true, ...members }));
  return text === undefined ? undefined : JSON.parse(text);
};
const stagesOf = (plan: Plan): string[] => plan.stages.map(({ trust, steps }) => `${trust}: ${steps.join(' ')}`);

const script = (id: string, needs?: readonly string[]) => ({
  ...{ id, run: 'true' },
  ...(needs === undefined ? {} : { needs: [...needs] }),
});
const treeOnly: Partial<SpecInput> = {
  system: { hostname: 'fixed' },
  users: [{ name: 'ops', passwordHash: passwordHashes.yescrypt }],
  outputs: [{ type: 'raw' }],
};

describe('the spec in the image', () => {
  it('is there only where it is asked for, and a spec that says no is that which says nothing', () => {
    expect(embeddedSpecText(specWith(treeOnly))).toBeUndefined();
    expect(planOf({ ...treeOnly, embedSpec: false })).toEqual(planOf(treeOnly));
    const [without, with_] = [planOf(treeOnly), planOf({ ...treeOnly, embedSpec: true })];
    for (const { id, key, produces } of without.steps) {
      if (produces === 'layer') expect(stepOf(with_, id)?.key, id).toBe(key);
    }
  });

  it('is the resolved spec as canonical JSON, without secrets and without what says nothing of the tree', () => {
    const spec = {
      ...treeOnly,
      kernel: { cmdline: ['quiet'], modules: { load: ['dummy'] } },
      files: [{ path: '/etc/motd', content: 'hello\n' }],
      steps: [script('one')],
      tests: [{ run: 'true' }],
    };
    const text = embeddedSpecText(specWith({ ...spec, embedSpec: true })) ?? '';
    expect(text).toMatch(/^\{"base":\{"architecture":"amd64".*\}\n$/);
    expect(JSON.parse(text)).toEqual({
      schemaVersion: 1,
      base: { distribution: 'debian', release: 'trixie', architecture: 'amd64' },
      packages: { install: [], remove: [], recommends: false },
      system: { hostname: 'fixed', timezone: 'UTC', locale: 'C.UTF-8', keyboard: 'us' },
      groups: [],
      users: [expect.objectContaining({ name: 'ops', home: '/home/ops', passwordHash: '(redacted)' })],
      files: [{ path: '/etc/motd', content: 'hello\n', mode: '0644', owner: 'root', group: 'root' }],
      services: { enable: [], disable: [], mask: [] },
      kernel: { package: 'linux-image-amd64', modules: { load: ['dummy'], block: [] } },
      steps: [{ id: 'one', run: 'true', network: false, timeoutSeconds: 600, needs: [] }],
      embedSpec: true,
    });
    expect(text).not.toContain(passwordHashes.yescrypt);
  });

  it('names no kernel where the tree has none', () => {
    expect(told({ outputs: [{ type: 'tar' }] })).toMatchObject({ kernel: {} });
    expect(told({ outputs: [{ type: 'tar' }] })).not.toHaveProperty('kernel.package');
    expect(told({ outputs: [{ type: 'tar' }, { type: 'iso' }] })).toHaveProperty('kernel.package');
  });

  it.each<readonly [string, Partial<SpecInput>]>([
    ['another output', { outputs: [{ type: 'raw', sizeMiB: 4_096 }, { type: 'oci' }] }],
    ['a test', { tests: [{ run: 'true' }] }],
    ['another name', { name: 'other' }],
    ['another argument of the kernel', { kernel: { cmdline: ['quiet'] } }],
    ['another division of the disk', { disk: { swap: { sizeMiB: 64 } } }],
    [
      'a state of the archive by date',
      { base: { release: 'trixie', architecture: 'amd64', snapshot: '20260101T000000Z' } },
    ],
    ['a lock', { lock: 'f'.repeat(64) }],
  ])('makes no step of the tree anew for %s', (_, change) => {
    const before = planOf({ ...treeOnly, embedSpec: true });
    const after = planOf({ ...treeOnly, embedSpec: true, ...change });
    const layers = before.steps.filter(({ produces }) => produces === 'layer');
    expect(layers.map(({ id }) => id)).toContain('spec-file');
    for (const { id, key } of layers) expect(stepOf(after, id)?.key, id).toBe(key);
  });

  it('is another where the tree is', () => {
    const keyOf = (members: Partial<SpecInput>) => stepOf(planOf({ embedSpec: true, ...members }), 'spec-file')?.key;
    expect(keyOf({ system: { hostname: 'other' } })).not.toBe(keyOf({}));
    // A password hash is told to nobody, but the step stands on the accounts.
    const user = (passwordHash: string) => ({ users: [{ name: 'ops', passwordHash }] });
    expect(keyOf(user(passwordHashes.yescrypt))).not.toBe(keyOf(user(passwordHashes.sha512)));
  });
});

describe('its step', () => {
  it('is the last declarative one where there are no scripts, of their class, module and stage', () => {
    const plan = planOf({ embedSpec: true, firstBoot: [{ name: 'a', run: 'true' }], outputs: [{ type: 'iso' }] });
    expect(stepOf(plan, 'spec-file')).toMatchObject({ trust: 'service', scope: 'tenant', needs: ['first-boot'] });
    expect(stepOf(plan, 'module.custom')?.options.layers).toEqual(['system', 'first-boot', 'spec-file']);
    expect(stepOf(plan, 'module.steps')).toBeUndefined();
    expect(plan.stages).toHaveLength(1);
  });

  it('is the tenant’s where an archive of the spec is', () => {
    const plan = planOf({ embedSpec: true, archives: [sampleArchive()], packages: { install: ['site'] } });
    expect(stepOf(plan, 'spec-file')).toMatchObject({ trust: 'tenant', scope: 'tenant' });
  });

  it.each<readonly [string, Partial<SpecInput>]>([
    ['a chain of scripts', { steps: [script('one'), script('two')] }],
    ['scripts side by side', { steps: [script('one', []), script('two', [])] }],
    [
      'scripts side by side in a container',
      { steps: [script('one', []), script('two', [])], outputs: [{ type: 'oci' }] },
    ],
    [
      'long scripts side by side',
      {
        steps: [
          { ...script('one', []), timeoutSeconds: 3_600 },
          { ...script('two', []), timeoutSeconds: 3_600 },
        ],
        outputs: [{ type: 'tar' }],
      },
    ],
  ])('runs in the stage of the last script, of %s, and is no stage more', (_, members) => {
    const plan = planOf({ embedSpec: true, ...members });
    const bare = planOf(members);
    expect(stepOf(plan, 'spec-file')).toMatchObject({ trust: 'tenant', scope: 'tenant', needs: ['two'] });
    expect(stagesOf(plan).map((stage) => stage.replace(' spec-file', ''))).toEqual(stagesOf(bare));
    expect(stagesOf(plan).find((stage) => stage.includes('spec-file'))).toContain('two spec-file');
  });

  it('is in every output', () => {
    const plan = planOf({
      embedSpec: true,
      steps: [script('one', []), script('two', [])],
      outputs: [
        { type: 'iso' },
        { type: 'raw' },
        { type: 'oci' },
        { type: 'docker' },
        { type: 'netboot' },
        { type: 'wsl' },
      ],
    });
    const isUnder = (id: string): boolean =>
      (stepOf(plan, id)?.needs ?? []).some((need) => need === 'spec-file' || isUnder(need));
    for (const { step } of plan.artifacts) expect(isUnder(step), step).toBe(true);
    for (const id of ['module.steps', 'module.whole', 'oci', 'docker']) {
      expect(stepOf(plan, id)?.options.layers, id).toContain('spec-file');
    }
  });
});
