import { z } from 'zod';
import type { Principal } from '../../../core/access/principal.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { buildView, buildViewSchema } from '../../../core/builds/build-view.ts';
import { startWarming } from '../../../core/cache/warming.ts';
import { EngineError } from '../../../core/errors.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import type { ResolvedSpec } from '../../../core/spec/schema.ts';
import { defineOperation } from '../../shared/operation.ts';
import { buildablePresets, presets } from '../../shared/presets.ts';
import { principalOf } from '../../shared/principal-of.ts';
import { checkedSpec, writtenSpec } from '../specs/checked-spec.ts';
import { specBodySchema } from '../specs/spec-body.ts';

/** Starts builds of the shared part of specs, which run when nothing else waits. */
export const warmCache = defineOperation({
  id: 'warmCache',
  method: 'POST',
  path: '/v1/cache:warm',
  summary: 'Build ahead what all tenants share: of a preset, of a spec, or of every preset',
  access: { kind: 'permission', permission: 'installation:operate' },
  params: z.strictObject({}),
  query: z.strictObject({
    preset: z.string().max(64).optional().describe('Name of a preset; with it there is no body.'),
  }),
  body: z.unknown(),
  bodyOptional: true,
  describedBody: specBodySchema,
  response: z.strictObject({ builds: z.array(buildViewSchema) }).meta({ id: 'Warmings' }),
  status: 202,
  errors: ['preset.not_found', 'spec.invalid'],
  idempotent: true,
  async handle(ports, { query, body, context }) {
    const who = principalOf(context);
    const specs =
      query.preset === undefined && body === undefined
        ? buildablePresets(ports.installation)
        : [await chosenSpec(ports, who, query.preset, body)];
    const builds: BuildRecord[] = [];
    for (const { name, spec } of specs) {
      const key = context.idempotencyKey === undefined ? undefined : `${context.idempotencyKey}/${name}`;
      builds.push(await startWarming(ports, who, spec, key));
    }
    return { body: { builds: builds.map((build) => buildView(build)) } };
  },
});

/**
 * The preset or the spec that was named.
 * @throws EngineError preset.not_found, spec.invalid, request.invalid where both are given
 */
async function chosenSpec(
  ports: Ports,
  who: Principal,
  preset: string | undefined,
  body: unknown,
): Promise<{ name: string; spec: ResolvedSpec }> {
  if (preset === undefined) return { name: 'spec', spec: (await writtenSpec(ports, who, body)).spec };
  if (body !== undefined) {
    throw new EngineError('request.invalid', 'Both a preset and a spec are given.', {
      fields: [
        {
          path: 'query.preset',
          code: 'field.invalid',
          reason: 'the body holds a spec',
          remedy: 'send the one or the other',
        },
      ],
    });
  }
  const found = presets.find(({ name }) => name === preset);
  if (found !== undefined) return { name: preset, spec: checkedSpec(found.spec, ports.installation) };
  const names = presets.map(({ name }) => name).join(', ');
  throw new EngineError('preset.not_found', `The presets are: ${names}.`);
}
