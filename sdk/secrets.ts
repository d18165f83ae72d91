import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type { Secret } from './generated/types.gen.ts';

/** The calls of a client that are about secrets. No call answers a value. */
export function secretCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** Gives a secret a value: one line of text, 1 to 4,096 bytes. */
  async function setSecret(name: string, value: string): Promise<Secret> {
    return (await operations.setSecret({ ...shared, path: { name }, body: { value } })).data;
  }

  /** Names, versions and dates of the tenant's secrets. */
  async function listSecrets(): Promise<readonly Secret[]> {
    return (await operations.listSecrets(shared)).data.secrets;
  }

  async function removeSecret(name: string): Promise<void> {
    await operations.removeSecret({ ...shared, path: { name } });
  }

  return { setSecret, listSecrets, removeSecret };
}
