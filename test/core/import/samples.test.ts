import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkSpec } from '../../../core/spec/check.ts';
import { fieldPathText, readFieldPath, valueAt } from '../../../core/spec/field-path.ts';
import { architectures, outputTypes } from '../../../core/spec/releases.ts';
import { importSample, placesOf, sampleFiles, testHash } from './samples.ts';

const abilities = { architectures, outputs: outputTypes, snapshots: true } as const;

it('has blueprints of 15 kinds and more, and files of the other formats', () => {
  const count = (start: string) => sampleFiles.filter((name) => name.startsWith(start)).length;
  expect(count('blueprint-')).toBeGreaterThanOrEqual(15);
  expect(count('mkosi-')).toBeGreaterThanOrEqual(4);
  expect(count('user-data-')).toBeGreaterThanOrEqual(5);
});

describe.each(sampleFiles)('%s', (name) => {
  it('becomes a valid spec, and each of its values is named once', async () => {
    const { document, imported } = await importSample(name);
    const checked = checkSpec(imported.spec, abilities);
    expect(checked.ok ? [] : checked.errors).toEqual([]);
    expect(imported.findings.map(({ path }) => JSON.stringify(path))).toEqual(placesOf(document));
    for (const { fate, to, note, path } of imported.findings) {
      // What a finding names is there, and what is not taken as it is says why.
      for (const field of to) {
        expect(valueAt(imported.spec, readFieldPath(field)), fieldPathText(path)).not.toBeUndefined();
      }
      if (fate === 'dropped') expect([to, note !== ''], fieldPathText(path)).toEqual([[], true]);
      if (fate === 'changed') expect(note, fieldPathText(path)).not.toBe('');
      if (fate === 'taken') expect(to.length > 0 || note !== '', fieldPathText(path)).toBe(true);
    }
  });

  it('is told as it is known', async () => {
    const { imported } = await importSample(name);
    const findings = imported.findings.map(
      ({ path, fate, to, note }) =>
        `${fate.padEnd(7)} ${fieldPathText(path)}${to.length > 0 ? ` -> ${to.join(', ')}` : ''}${note && `: ${note}`}`,
    );
    const assumed = imported.assumed.map(({ to, note }) => `assumed ${to}: ${note}`);
    const text = `${[...findings, ...assumed].join('\n')}\n\n${stringify(imported.spec, { lineWidth: 0 }).replaceAll(testHash, 'HASH')}`;
    await expect(text).toMatchFileSnapshot(`golden/${name}.txt`);
  });
});
