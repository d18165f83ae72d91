import { z } from 'zod';
import { type Abilities, checkSpec } from '../../core/spec/check.ts';
import type { ResolvedSpec } from '../../core/spec/schema.ts';
import document from './generated/presets.json' with { type: 'json' };

/** The presets (presets/*.yaml) as `scripts/generate-spec.ts` made them: functions have no files beside their code. */
export const presets: readonly { readonly name: string; readonly spec: unknown }[] = z
  .array(z.strictObject({ name: z.string(), spec: z.unknown() }))
  .parse(document);

/** Those that an installation can build: of its architectures and outputs. */
export function buildablePresets(abilities: Abilities): { readonly name: string; readonly spec: ResolvedSpec }[] {
  return presets.flatMap(({ name, spec: given }) => {
    const checked = checkSpec(given, abilities);
    return checked.ok ? [{ name, spec: checked.spec }] : [];
  });
}
