import { describe, expect, it } from 'vitest';
import { tableSeconds } from '../../../core/plan/cost-table.ts';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { assertionSeconds, bootTest } from '../../../core/plan/programs/boot-test.ts';
import type { SpecInput } from '../../../core/spec/schema.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';

const planOf = (members: Partial<SpecInput>) => makePlan({ spec: specWith(members), archive, toolchain });
const testsIn = (members: Partial<SpecInput>) => planOf(members).steps.filter(({ program }) => program === 'boot-test');

describe('tests in the resolved spec', () => {
  it('have the boot first, its firmware in one order, and keep the order of the others', () => {
    const spec = specWith({
      tests: [{ port: 22 }, { run: 'true', retries: 2 }, { boot: { firmware: ['uefi', 'bios'] } }],
    });
    const boot = { firmware: ['bios', 'uefi'], timeoutSeconds: 300 };
    expect(spec.tests).toEqual([{ boot }, { port: 22 }, { run: 'true', retries: 2 }]);
    expect(specWith({ ...spec }).tests).toEqual(spec.tests);
    expect(specWith({ tests: [{ run: 'true' }] }).tests).toEqual([{ boot }, { run: 'true' }]);
    expect(specWith({ tests: [] })).not.toHaveProperty('tests');
  });
});

describe('the steps of tests', () => {
  it('boot each output that can be booted with each firmware, after it is made', () => {
    const outputs = [{ type: 'tar' }, { type: 'raw' }, { type: 'ova' }, { type: 'iso' }] as const;
    const steps = testsIn({ outputs: [...outputs], tests: [{ boot: { timeoutSeconds: 120 } }, { run: 'true' }] });
    expect(steps.map(({ id, needs }) => [id, needs])).toEqual([
      ['boot-test.iso.bios', ['iso']],
      ['boot-test.iso.uefi', ['iso']],
      ['boot-test.raw.bios', ['raw']],
      ['boot-test.raw.uefi', ['raw']],
    ]);
    for (const step of steps) {
      expect(step).toMatchObject({ trust: 'seal', scope: 'tenant', produces: 'report' });
      expect(step.timeoutSeconds).toBeGreaterThan(120 + assertionSeconds);
      expect(bootTest.options.parse(step.options)).toMatchObject({ assertions: [{ run: 'true' }] });
    }
    expect(steps.map(({ options }) => options.firmware)).toEqual(['bios', 'uefi', 'bios', 'uefi']);
  });

  it('are no artifacts, and change nothing of the other steps', () => {
    const [without, within] = [planOf({}), planOf({ tests: [{ boot: {} }] })];
    expect(within.artifacts).toEqual(without.artifacts);
    const own = new Set(without.steps.map(({ id }) => id));
    expect(within.steps.filter(({ id }) => own.has(id))).toEqual(without.steps);
  });

  it('have keys that the tests and the image change, and the name of the file does not', () => {
    const key = (members: Partial<SpecInput>) =>
      testsIn({ system: { hostname: 'host' }, tests: [{ run: 'true' }], ...members })[0]?.key;
    const before = key({});
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(key({ name: 'other', outputs: [{ type: 'iso', label: 'EXAMPLE' }] })).toBe(before);
    expect(key({ tests: [{ run: 'false' }] })).not.toBe(before);
    expect(key({ tests: [{ run: 'true', retries: 1 }] })).not.toBe(before);
    expect(key({ tests: [{ run: 'true' }, { port: 22 }] })).not.toBe(before);
    expect(key({ tests: [{ run: 'true' }, { boot: { timeoutSeconds: 30 } }] })).not.toBe(before);
    expect(key({ kernel: { cmdline: ['quiet'] } })).not.toBe(before);
  });

  it('are reckoned with by what a boot takes, and not by their bound', () => {
    const [step] = testsIn({ tests: [{ boot: {} }] });
    if (step === undefined) throw new Error('there is a test');
    expect(tableSeconds(step)).toBeLessThan(200);
  });
});
