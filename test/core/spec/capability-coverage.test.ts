import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capabilities, customizations, modes, optionVerdict, outputOptions } from '../../../core/spec/capabilities.ts';
import { checkSpec } from '../../../core/spec/check.ts';
import { valueAt } from '../../../core/spec/field-path.ts';
import { architectures, outputTypes, releaseNames } from '../../../core/spec/releases.ts';
import { type BuiltSpec, builtSpecs } from '../../support/built-specs.ts';
import { everything, sampleSpec } from './sample-spec.ts';

const outputOf = ({ spec }: BuiltSpec, type: string) => spec.outputs?.find((output) => output.type === type);

/** Whether a member of a spec is there and holds something. */
function isUsed(value: unknown): boolean {
  if (value === undefined) return false;
  return typeof value !== 'object' || value === null || Object.keys(value).length > 0;
}

/** Every cell of the table: an output, what of it, and whether a spec makes use of that. */
const cells = outputTypes.flatMap((type) => {
  const row = capabilities[type];
  const cell = (kind: string, name: string, supported: boolean, uses: (built: BuiltSpec) => boolean) => ({
    ...{ title: `${type}: ${kind} ${name}`, supported },
    uses: (built: BuiltSpec) => outputOf(built, type) !== undefined && uses(built),
  });
  return [
    ...customizations.map((name) =>
      cell('customization', name, row.customizations[name].supported, ({ spec }) =>
        isUsed(valueAt(spec, name.split('.'))),
      ),
    ),
    ...outputOptions.map((name) =>
      cell('option', name, optionVerdict(type, name).supported, (built) =>
        isUsed(valueAt(outputOf(built, type), [name])),
      ),
    ),
    ...releaseNames.map((name) =>
      cell('release', name, row.releases[name].supported, ({ spec }) => spec.base.release === name),
    ),
    ...modes.map((name) => cell('mode', name, row.modes[name].supported, ({ mode }) => mode === name)),
  ];
});

describe('every cell of the table that is supported', () => {
  it.each(cells.filter(({ supported }) => supported))('is built by a test: $title', ({ uses }) => {
    expect(builtSpecs.filter(uses).map(({ test }) => test)).not.toEqual([]);
  });

  it.each(builtSpecs)('is in a spec that is taken, and that $test makes', ({ test, maker, mode, spec }) => {
    expect(checkSpec(spec, { ...everything, snapshots: true })).toMatchObject({ ok: true });
    const text = readFileSync(join(import.meta.dirname, '../../images', test), 'utf8');
    expect(text).toMatch(new RegExp(`\\b${maker}\\(`));
    expect(text).toContain(`'${mode}'`);
  });
});

describe('an architecture', () => {
  // Its builds are for builders that have it: this machine's can show that they are not tried on the wrong one.
  it.each(outputTypes.flatMap((type) => architectures.map((wrong) => [type, wrong] as const)))(
    '%s for %s is refused when it is sent where no builder has it',
    (type, wrong) => {
      expect(capabilities[type].architectures[wrong].supported).toBe(true);
      const others = architectures.filter((name) => name !== wrong);
      const base = { distribution: 'debian', release: 'trixie', architecture: wrong };
      const checked = checkSpec(sampleSpec({ base, outputs: [{ type }] }), { ...everything, architectures: others });
      expect(checked).toMatchObject({
        ok: false,
        errors: [{ path: 'base.architecture', code: 'spec.unsupported_architecture' }],
      });
    },
  );
});
