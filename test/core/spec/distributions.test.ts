import { describe, expect, it } from 'vitest';
import { checkSpec } from '../../../core/spec/check.ts';
import { everything, sampleSpec } from './sample-spec.ts';

const errorsOf = (input: unknown) => {
  const checked = checkSpec(input, everything);
  return checked.ok ? [] : checked.errors;
};

describe('a release of another distribution', () => {
  it.each([
    [
      { distribution: 'debian', release: 'noble' },
      'is debian',
      'Set base.distribution to ubuntu, or use one of bookworm, trixie, sid.',
    ],
    [
      { release: 'noble' },
      'is left out, which means debian',
      'Set base.distribution to ubuntu, or use one of bookworm, trixie, sid.',
    ],
    [
      { distribution: 'ubuntu', release: 'sid' },
      'is ubuntu',
      'Set base.distribution to debian, or use one of jammy, noble.',
    ],
  ])('is refused with what fits: %j', (pair, reason, remedy) => {
    const [error, ...more] = errorsOf(sampleSpec({ base: { ...pair, architecture: 'amd64' } }));
    expect(more).toEqual([]);
    expect(error).toMatchObject({ path: 'base.release', code: 'spec.unsupported_release', remedy });
    expect(error?.reason).toContain(`base.distribution ${reason}`);
  });

  it('is told apart from one that nobody has', () => {
    const base = (more: object) => sampleSpec({ base: { architecture: 'amd64', ...more } });
    expect(errorsOf(base({ distribution: 'ubuntu', release: 'nobel' }))).toMatchObject([
      { path: 'base.release', remedy: 'Did you mean noble? Use one of jammy, noble.' },
    ]);
    expect(errorsOf(base({ distribution: 'ubuntoo', release: 'noble' }))).toMatchObject([
      { path: 'base.distribution', remedy: 'Did you mean ubuntu? Use one of debian, ubuntu.' },
    ]);
    expect(errorsOf(base({ distribution: 'ubuntu', release: 'noble', flavour: 'x' }))).toMatchObject([
      { path: 'base.flavour', remedy: expect.stringContaining('distribution, release, architecture') },
    ]);
    expect(errorsOf(base({ release: 'trixie', flavour: 'x' }))).toMatchObject([
      { path: 'base.flavour', remedy: expect.stringContaining('distribution, release, architecture') },
    ]);
  });

  it('is no error where updates and archives are honoured', () => {
    const sid = sampleSpec({ base: { release: 'sid', architecture: 'amd64' }, updates: { unattended: 'all' } });
    expect(errorsOf(sid)).toEqual([]);
    const noble = { distribution: 'ubuntu', release: 'noble', architecture: 'amd64' };
    expect(errorsOf(sampleSpec({ base: noble, updates: {}, kernel: { package: 'linux-image-virtual' } }))).toEqual([]);
  });

  it('is not asked for the usual kernel of Debian where an output boots nothing', () => {
    const base = { distribution: 'ubuntu', release: 'noble', architecture: 'arm64' };
    const spec = (name: string) => sampleSpec({ base, kernel: { package: name }, outputs: [{ type: 'oci' }] });
    expect(errorsOf(spec('linux-image-generic'))).toEqual([]);
    expect(errorsOf(spec('linux-image-arm64')).map(({ path }) => path)).toEqual(['kernel.package']);
  });
});
