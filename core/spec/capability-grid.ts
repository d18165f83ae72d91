import type { Capability, CapabilityView } from './capability-view.ts';

/** A table of outputs against names, and what its numbers mean. */
export interface CapabilityGrid {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Notes and reasons that cells point to, each once, numbered from 1. */
export class Remarks {
  readonly texts: string[] = [];

  /** The number of a text. */
  number(text: string): number {
    const known = this.texts.indexOf(text);
    return known >= 0 ? known + 1 : this.texts.push(text);
  }
}

function cellText(cell: Capability | undefined, remarks: Remarks): string {
  if (cell === undefined) return '';
  const word = cell.supported ? 'yes' : 'no';
  const { note, reason, remedy } = cell;
  const remark = note ?? (reason === undefined ? undefined : `Not supported: ${reason}. ${remedy ?? ''}`.trim());
  return remark === undefined ? word : `${word} [${remarks.number(remark)}]`;
}

/** What each output has of some kind: a row a name, a column an output. */
export function capabilityGrid(
  outputs: CapabilityView['outputs'],
  kind: 'customizations' | 'options' | 'architectures' | 'releases' | 'modes',
  remarks: Remarks,
): CapabilityGrid {
  const names = [...new Set(outputs.flatMap((output) => output[kind].map(({ name }) => name)))];
  return {
    header: ['', ...outputs.map(({ type }) => type)],
    rows: names.map((name) => [
      name,
      ...outputs.map((output) =>
        cellText(
          output[kind].find((cell) => cell.name === name),
          remarks,
        ),
      ),
    ]),
  };
}
