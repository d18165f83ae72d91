import { type CapabilityGrid, capabilityGrid, Remarks } from '../core/spec/capability-grid.ts';
import type { Capabilities } from '../sdk/generated/types.gen.ts';

/** Columns as wide as their longest cell. */
function columns({ header, rows }: CapabilityGrid): string[] {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Each output against what it has and takes, and what the numbers say. */
export function capabilityText({ releases, architectures, modes, outputs }: Capabilities): string {
  const remarks = new Remarks();
  const grid = (kind: Parameters<typeof capabilityGrid>[1]) => columns(capabilityGrid(outputs, kind, remarks));
  const absent = architectures.filter(({ supported }) => !supported);
  const unmade = outputs.filter(({ available }) => !available);
  const lines = [
    `architectures  ${architectures.flatMap(({ name, supported }) => (supported ? name : [])).join(' ')}`,
    ...absent.map(({ name, remedy = '' }) => `               not ${name}: ${remedy}`),
    `releases       ${releases.map(({ name, distribution, version }) => `${name} (${distribution} ${version})`).join(', ')}`,
    `modes          ${modes.join(' ')}`,
    `outputs        ${outputs.flatMap(({ type, available }) => (available ? type : [])).join(' ')}`,
    ...(unmade.length === 0 ? [] : [`               not here: ${unmade.map(({ type }) => type).join(' ')}`]),
  ];
  const grids = (['customizations', 'options', 'architectures', 'releases', 'modes'] as const).flatMap((kind) => [
    '',
    kind,
    ...grid(kind),
  ]);
  return [...lines, ...grids, '', ...remarks.texts.map((text, at) => `[${at + 1}] ${text}`)].join('\n');
}
