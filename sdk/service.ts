import { isTransient } from './engine-error.ts';
import * as operations from './generated/sdk.gen.ts';
import type { Capabilities, SigningKey, SpecVerdict, ValidateSpecResponses } from './generated/types.gen.ts';
import { type SpecSource, specCall } from './spec-source.ts';
import type { CallOptions, Transport } from './transport.ts';

/** The engine itself. @internal */
export function serviceCalls(engine: Transport) {
  return {
    /** Whether it takes builds. Asks once, and answers false where there is none. */
    isHealthy: async (options: Pick<CallOptions, 'signal'> = {}): Promise<boolean> => {
      try {
        return (await operations.readHealth(engine.of({ ...options, maxRetries: 0 }))).data.status === 'ready';
      } catch (error) {
        if (isTransient(error)) return false;
        throw error;
      }
    },

    /** What the engine can build. */
    readCapabilities: async (options?: CallOptions): Promise<Capabilities> =>
      (await operations.readCapabilities(engine.of(options))).data,

    /** The public key that proves where images are from. */
    readSigningKey: async (options?: CallOptions): Promise<SigningKey> =>
      (await operations.readSigningKey(engine.of(options))).data,
  };
}

/** Specs. @internal */
export function specCalls(engine: Transport) {
  return {
    /** Whether the engine would build a spec, and what is wrong with it, field by field. */
    validate: async (spec: SpecSource, options?: CallOptions): Promise<SpecVerdict> => {
      const { data } = await engine.client.post<ValidateSpecResponses, unknown, true>({
        ...specCall(engine, spec, options),
        url: '/v1/specs/validate',
      });
      return data;
    },
  };
}
