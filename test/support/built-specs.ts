import type { Mode } from '../../core/spec/capabilities.ts';
import type { SpecInput } from '../../core/spec/schema.ts';
import { publicKey } from '../core/spec/archive-samples.ts';
import { everythingSpec } from './everything-spec.ts';
import { formsSpec } from './forms-spec.ts';

/** A spec that a test of test/images builds, whole. */
export interface BuiltSpec {
  /** The test, which makes the spec by the function of this name. */
  readonly test: string;
  readonly maker: string;
  readonly mode: Mode;
  readonly spec: SpecInput;
}

const everything = everythingSpec({ url: 'http://localhost:8080', key: publicKey }, 'http://10.0.2.2:8080');

/** What is built of the table of capabilities: the address of an archive and its key are others in each run. */
export const builtSpecs: readonly BuiltSpec[] = [
  { test: 'everything.test.ts', maker: 'everythingSpec', mode: 'contained', spec: everything },
  { test: 'same-bytes.test.ts', maker: 'everythingSpec', mode: 'privileged', spec: { ...everything, tests: [] } },
  {
    ...{ test: 'same-bytes.test.ts', maker: 'readLock', mode: 'contained' },
    spec: { ...everything, tests: [], lock: '0'.repeat(64) },
  },
  { test: 'disk-formats.test.ts', maker: 'formsSpec', mode: 'contained', spec: formsSpec('bookworm') },
  ...(['sid', 'jammy', 'noble'] as const).map(
    (release) =>
      ({ test: 'releases.test.ts', maker: 'formsSpec', mode: 'contained', spec: formsSpec(release) }) as const,
  ),
];
