import type { Ports } from '../../core/ports/ports.ts';
import type { TemplatePorts } from '../../core/templates/template-writes.ts';
import { presets } from './presets.ts';

/** The ports of templates: with the presets, which the functions have beside their code. */
export function templatePorts({
  table,
  clock,
  ids,
  installation,
}: Pick<Ports, 'table' | 'clock' | 'ids' | 'installation'>): TemplatePorts {
  return { table, clock, ids, installation, presets };
}
