import type { Spec, TemplatedSpec } from './generated/types.gen.ts';
import type { KeyedCallOptions, Transport } from './transport.ts';

/** A spec as an object, or as the text of a file in JSON or YAML. */
export type SpecSource = Spec | TemplatedSpec | SpecText;

/** The text of a spec's file. */
export interface SpecText {
  readonly text: string;
  readonly mediaType: 'application/json' | 'application/yaml';
}

/** A lock that the engine has, in place of the spec’s own: the SHA-256 of its file. */
export interface LockOption {
  readonly lock?: string;
}

/** No spec has a member `text`. */
function isSpecText(spec: SpecSource): spec is SpecText {
  return 'text' in spec && typeof spec.text === 'string';
}

/**
 * What a call is made with whose body is a spec, or nothing: the text of a file is sent as it is, so that the engine
 * names places in it.
 * @internal
 */
export function specCall(engine: Transport, spec: SpecSource | undefined, options: KeyedCallOptions | undefined) {
  const { headers, ...settings } = engine.of(options);
  const body = spec === undefined ? {} : { body: isSpecText(spec) ? spec.text : JSON.stringify(spec) };
  const mediaType = spec !== undefined && isSpecText(spec) ? spec.mediaType : 'application/json';
  return {
    ...settings,
    security: [{ type: 'http', scheme: 'bearer' }],
    bodySerializer: null,
    ...body,
    headers: { ...(spec === undefined ? {} : { 'content-type': mediaType }), ...headers },
  } as const;
}
