import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf } from '../../../core/builds/layer-entry.ts';
import { layerEntrySchema } from '../../../core/builds/layer-index.ts';

const hex = fc.stringMatching(/^[0-9a-f]{63,65}$/);
const odd = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.constant(null), fc.boolean());
/** Members as indexes have them, and now and then something else. */
const members = {
  path: fc.oneof({ weight: 9, arbitrary: fc.string({ maxLength: 4_100 }) }, odd),
  type: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('file', 'directory', 'symlink', 'hardlink', 'whiteout', 'character') },
    odd,
  ),
  mode: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -1, max: 0o10000 }) }, odd),
  uid: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -1 }) }, odd),
  size: fc.oneof({ weight: 9, arbitrary: fc.maxSafeInteger() }, odd),
  mtime: fc.oneof({ weight: 9, arbitrary: fc.maxSafeInteger() }, odd),
  digest: fc.oneof({ weight: 9, arbitrary: hex }, odd),
  target: fc.oneof({ weight: 9, arbitrary: fc.string() }, odd),
  device: fc.oneof(fc.tuple(fc.integer(), fc.integer()), odd),
  xattrs: fc.oneof(fc.dictionary(fc.string(), fc.string()), odd),
  other: odd,
};

describe('an entry of an index', () => {
  it('is taken if and only if the schema takes it, and is the same then', () => {
    const entries = fc.record(members, { requiredKeys: [] });
    fc.assert(
      fc.property(entries, (entry) => {
        const value: unknown = JSON.parse(JSON.stringify(entry));
        const wanted = layerEntrySchema.safeParse(value);
        if (wanted.success) expect(entryOf(value)).toEqual(wanted.data);
        else expect(() => entryOf(value)).toThrow();
      }),
      { numRuns: 2_000 },
    );
  });
});
