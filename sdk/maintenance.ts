import type { createClient } from './generated/client/index.ts';
import * as operations from './generated/sdk.gen.ts';
import type { BeginMaintenanceData, MaintenanceStatus } from './generated/types.gen.ts';

/** The calls of a client that are about maintenance: all may read it, the operator begins and ends it. */
export function maintenanceCalls(client: ReturnType<typeof createClient>) {
  const shared = { client, throwOnError: true } as const;

  /** Whether the installation takes builds; `maintenance` is null where it does. */
  const readMaintenance = async (): Promise<MaintenanceStatus> => (await operations.readMaintenance(shared)).data;

  /** Takes no new builds and starts none of the queue; what runs goes on. */
  const beginMaintenance = async (body: BeginMaintenanceData['body']): Promise<MaintenanceStatus> =>
    (await operations.beginMaintenance({ ...shared, body })).data;

  /** Takes builds again. */
  const endMaintenance = async (): Promise<MaintenanceStatus> => (await operations.endMaintenance(shared)).data;

  return { readMaintenance, beginMaintenance, endMaintenance };
}
