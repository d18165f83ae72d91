import * as operations from './generated/sdk.gen.ts';
import type { BeginMaintenanceData, MaintenanceStatus } from './generated/types.gen.ts';
import type { CallOptions, Transport } from './transport.ts';

/** Maintenance: all may read it, the operator begins and ends it. @internal */
export function maintenanceCalls(engine: Transport) {
  return {
    /** Whether the installation takes builds; `maintenance` is null where it does. */
    read: async (options?: CallOptions): Promise<MaintenanceStatus> =>
      (await operations.readMaintenance(engine.of(options))).data,

    /** Takes no new builds and starts none of the queue; what runs goes on. */
    begin: async (body: BeginMaintenanceData['body'], options?: CallOptions): Promise<MaintenanceStatus> =>
      (await operations.beginMaintenance({ ...engine.of(options), body })).data,

    /** Takes builds again. */
    end: async (options?: CallOptions): Promise<MaintenanceStatus> =>
      (await operations.endMaintenance(engine.of(options))).data,
  };
}
