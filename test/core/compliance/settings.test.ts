import { describe, expect, it } from 'vitest';
import { checkSpec } from '../../../core/spec/check.ts';

const base = { distribution: 'debian', release: 'trixie', architecture: 'amd64' };
const check = (compliance: unknown) =>
  checkSpec({ schemaVersion: 1, name: 'x', base, compliance }, { architectures: ['amd64'], outputs: ['iso'] });
const waiver = {
  check: 'umask',
  reason: 'Old software needs it until spring.',
  owner: 'ops@example.org',
  expires: '2027-03-31',
};

describe('the section compliance', () => {
  it('is resolved to one form', () => {
    const checked = check({ profiles: ['soc2', 'base'], waivers: [waiver] });
    expect(checked).toMatchObject({
      ok: true,
      spec: { compliance: { profiles: ['base', 'soc2'], enforce: false, tailoring: {}, waivers: [waiver] } },
    });
  });

  it.each([
    ['no profile', { profiles: [] }, 'compliance.profiles'],
    ['an unknown profile', { profiles: ['iso-27001'] }, 'compliance.profiles[0]'],
    ['a profile twice', { profiles: ['base', 'base'] }, 'compliance.profiles[1]'],
    [
      'an unknown check',
      { profiles: ['base'], waivers: [{ ...waiver, check: 'no-such' }] },
      'compliance.waivers[0].check',
    ],
    ['a check of another profile', { profiles: ['soc2'], waivers: [waiver] }, 'compliance.waivers[0].check'],
    ['a check waived twice', { profiles: ['base'], waivers: [waiver, waiver] }, 'compliance.waivers[1].check'],
    ['no reason', { profiles: ['base'], waivers: [{ ...waiver, reason: 'because' }] }, 'compliance.waivers[0].reason'],
    ['no owner', { profiles: ['base'], waivers: [{ ...waiver, owner: 'a b' }] }, 'compliance.waivers[0].owner'],
    [
      'a day that no month has',
      { profiles: ['base'], waivers: [{ ...waiver, expires: '2027-02-30' }] },
      'compliance.waivers[0].expires',
    ],
    [
      'a reason that turns its own direction',
      { profiles: ['base'], waivers: [{ ...waiver, reason: 'until the \u202espring' }] },
      'compliance.waivers[0].reason',
    ],
    ['no day', { profiles: ['base'], waivers: [{ ...waiver, expires: 'soon' }] }, 'compliance.waivers[0].expires'],
    [
      'looser than the clause',
      { profiles: ['pci-dss'], tailoring: { 'password-lockout': { attempts: 11 } } },
      'compliance.tailoring.password-lockout.attempts',
    ],
    [
      'tailoring of a check without parameters',
      { profiles: ['base'], tailoring: { umask: {} } },
      'compliance.tailoring.umask',
    ],
    [
      'tailoring of a check of another profile',
      { profiles: ['soc2'], tailoring: { 'password-length': { least: 14 } } },
      'compliance.tailoring.password-length',
    ],
    ['a key that there is not', { profiles: ['base'], enforced: true }, 'compliance.enforced'],
  ])('refuses %s, at its place and with a remedy', (_, compliance, path) => {
    const checked = check(compliance);
    expect(checked.ok).toBe(false);
    if (checked.ok) return;
    const [error] = checked.errors;
    expect(error?.path).toBe(path);
    expect(error?.remedy).toMatch(/\S/);
  });
});
