import * as operations from './generated/sdk.gen.ts';
import type { Secret } from './generated/types.gen.ts';
import type { CallOptions, Transport } from './transport.ts';

/** Secrets of specs. No call answers a value. @internal */
export function secretCalls(engine: Transport) {
  return {
    /** Gives a secret a value: one line of text, 1 to 4,096 bytes. */
    set: async (name: string, value: string, options?: CallOptions): Promise<Secret> =>
      (await operations.setSecret({ ...engine.of(options), path: { name }, body: { value } })).data,

    /** Names, versions and dates of the tenant's secrets. */
    list: async (options?: CallOptions): Promise<readonly Secret[]> =>
      (await operations.listSecrets(engine.of(options))).data.secrets,

    remove: async (name: string, options?: CallOptions): Promise<void> => {
      await operations.removeSecret({ ...engine.of(options), path: { name } });
    },
  };
}
