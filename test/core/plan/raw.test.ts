import { describe, expect, it } from 'vitest';
import { makePlan } from '../../../core/plan/make-plan.ts';
import { raw } from '../../../core/plan/programs/raw.ts';
import type { SpecInput } from '../../../core/spec/schema.ts';
import { archive, specWith, toolchain } from './plan-fixtures.ts';

const planOf = (members: Partial<SpecInput>) => makePlan({ spec: specWith(members), archive, toolchain });
const stepOf = (members: Partial<SpecInput>) => planOf(members).steps.find(({ id }) => id === 'raw');

describe('the step of a disk image', () => {
  it('takes its options from the spec, and makes NAME.img', () => {
    const members = {
      name: 'edge-web',
      system: { hostname: 'edge-01' },
      kernel: { cmdline: ['quiet'] },
      outputs: [{ type: 'raw' as const, sizeMiB: 2_048 }],
    };
    const step = stepOf(members);
    expect(step).toMatchObject({ program: 'raw', trust: 'seal', scope: 'tenant', produces: 'artifact' });
    expect(raw.options.parse(step?.options)).toEqual({
      ...{ fileName: 'edge-web.img', label: 'EDGE_WEB', sizeMiB: 2_048, cmdline: ['quiet'], hostname: 'edge-01' },
    });
    expect(planOf(members).artifacts).toEqual([{ step: 'raw', name: 'edge-web.img', type: 'raw' }]);
  });

  it('leaves the size to the program where the spec gives none', () => {
    expect(stepOf({ outputs: [{ type: 'raw' }] })?.options).not.toHaveProperty('sizeMiB');
  });

  it('brings a kernel, and no live system', () => {
    const { steps } = planOf({ outputs: [{ type: 'raw' }] });
    expect(steps.find(({ options }) => 'kernel' in options)?.options).toMatchObject({
      ...{ kernel: 'linux-image-amd64', outputs: ['raw'] },
    });
    expect(steps.map(({ program }) => program)).toContain('initramfs');
    expect(steps.map(({ program }) => program)).not.toContain('module');
  });

  it('has a key that the size and the label change, and the name of the file does not', () => {
    const key = (output: object, name = 'one') =>
      stepOf({ name, system: { hostname: 'host' }, outputs: [{ type: 'raw', label: 'ONE', ...output }] })?.key;
    expect(key({}, 'two')).toBe(key({}));
    expect(key({ sizeMiB: 1_024 })).not.toBe(key({}));
    expect(key({ label: 'TWO' })).not.toBe(key({}));
  });
});
