import { setTimeout as sleep } from 'node:timers/promises';
import { foundTenant } from '../../core/access/found-tenant.ts';
import type { Ports } from '../../core/ports/ports.ts';
import { operations } from '../../functions/api/operations.ts';
import { largestBodyBytes } from '../../functions/shared/request-body.ts';
import { createRouter } from '../../functions/shared/router.ts';
import { startHttpFront } from '../../local/http/front.ts';
import { LinuxBuilderClient } from '../../sdk/client.ts';

/** The owner of a tenant, with the SDK's calls. */
export interface Caller extends LinuxBuilderClient {
  readonly tenantId: string;
  readonly apiKey: string;
}

/** The API over given ports, on a loopback port. */
export interface OpenedApi {
  readonly url: string;
  /** A new tenant's owner. */
  caller(tenantName: string): Promise<Caller>;
  close(): Promise<void>;
}

/** @param origins of pages that may call it */
export async function openApiOver(ports: Ports, origins: readonly string[] = []): Promise<OpenedApi> {
  const { table, ids } = ports;
  const log = { request: () => undefined, failure: (_: unknown, cause: unknown) => console.error(cause) };
  const handle = createRouter({ ports, operations, log, validateResponses: true });
  const { url, close } = await startHttpFront({ handle, maxBodyBytes: largestBodyBytes, ids, origins });
  return {
    url,
    close,
    caller: async (name) => {
      const { tenant, key, writes } = foundTenant(ports, { name, owner: { name: 'owner' }, keyName: 'test' });
      await table.transact(writes);
      const client = new LinuxBuilderClient({ url, apiKey: key.text });
      return { ...client, tenantId: tenant.tenantId, apiKey: key.text };
    },
  };
}

/** Waits until something holds, for a minute at most. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 20) {
    if (waited > 60_000) throw new Error('it does not come to hold');
    await sleep(20);
  }
}
