import type { Ports } from '../../core/ports/ports.ts';
import type { CallLife } from './call-life.ts';

/** All of a call's ports that do something end with it. */
export function mortalPorts(ports: Ports, life: CallLife): Ports {
  const { table, blobs, flow, tasks, bus, webhooks } = ports;
  return {
    ...ports,
    ...{ table: life.bind(table), blobs: life.bind(blobs), flow: life.bind(flow) },
    ...{ tasks: life.bind(tasks), bus: life.bind(bus), webhooks: life.bind(webhooks) },
  };
}
