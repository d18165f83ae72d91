import type { DeliveryName } from './attempt.ts';

/** Attempts of a sweep that are made at once: in all, of one tenant's endpoints, and to one endpoint. */
export const atOnce = { all: 16, tenant: 4, endpoint: 4 } as const;

/** What is sent to one endpoint, one after the other. */
export interface Lane {
  readonly tenantId: string;
  readonly queue: DeliveryName[];
}

/**
 * Due deliveries in the order in which a sweep takes them up. Tenants take turns, with four attempts at once each, and so
 * do endpoints of a tenant: whoever has many endpoints that do not answer has nobody else wait for them.
 */
export class Turns {
  readonly #queues = new Map<string, DeliveryName[]>();
  readonly #tenants = new Map<string, { lanes: Lane[]; running: number }>();

  add(name: DeliveryName): void {
    const queue = this.#queues.get(name.endpointId) ?? [];
    queue.push(name);
    if (queue.length > 1) return;
    this.#queues.set(name.endpointId, queue);
    const tenant = this.#tenants.get(name.tenantId) ?? { lanes: [], running: 0 };
    tenant.lanes.push({ tenantId: name.tenantId, queue });
    this.#tenants.set(name.tenantId, tenant);
  }

  /** Adds, behind all first lanes, the further ones of each endpoint: to be called once, when all is added. */
  widen(): void {
    for (const tenant of this.#tenants.values()) {
      const first = [...tenant.lanes];
      for (let more = 1; more < atOnce.endpoint; more += 1) tenant.lanes.push(...first);
    }
  }

  /** The lane whose turn it is; undefined where none may begin now. */
  take(): Lane | undefined {
    for (const [tenantId, tenant] of this.#tenants) {
      if (tenant.running >= atOnce.tenant) continue;
      const lane = tenant.lanes.shift();
      if (lane === undefined) continue;
      tenant.running += 1;
      // Behind the others until its next turn.
      this.#tenants.delete(tenantId);
      this.#tenants.set(tenantId, tenant);
      return lane;
    }
    return undefined;
  }

  /** A lane that was taken has ended. */
  end({ tenantId }: Lane): void {
    const tenant = this.#tenants.get(tenantId);
    if (tenant !== undefined) tenant.running -= 1;
  }
}
