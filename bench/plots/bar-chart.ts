/** A bar: a tool's median with what its rounds lay between. */
export interface Bar {
  readonly label: string;
  readonly ours: boolean;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const layout = { width: 1_000, left: 330, right: 90, top: 70, bar: 26, gap: 12, groupTitle: 34, bottom: 50 } as const;
const colours = { ours: '#0b6e4f', others: '#8d99ae', text: '#1f2933', grid: '#d9dee5' } as const;

/** Draws horizontal bars of seconds over a logarithmic axis, as SVG. Bars must be above 0. */
export function barChart(title: string, groups: readonly BarGroup[]): string {
  const values = groups.flatMap(({ bars }) => bars.flatMap(({ least, most }) => [least, most]));
  // A shortest bar has some length too.
  const first = Math.floor(Math.log10(Math.min(...values)) - 0.1);
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  const span = layout.width - layout.left - layout.right;
  const x = (seconds: number): number => layout.left + (span * (Math.log10(seconds) - first)) / (last - first);
  const rows: string[] = [];
  let y: number = layout.top;
  for (const group of groups) {
    rows.push(text(20, y + 20, group.title, 'font-weight="bold"'));
    y += layout.groupTitle;
    for (const bar of group.bars) {
      const middle = y + layout.bar / 2;
      const fill = bar.ours ? colours.ours : colours.others;
      const end = x(bar.median);
      rows.push(
        text(layout.left - 12, middle + 5, bar.label, 'text-anchor="end"'),
        `<rect x="${layout.left}" y="${y}" width="${round(end - layout.left)}" height="${layout.bar}" fill="${fill}"/>`,
        `<path d="M${round(x(bar.least))} ${middle}H${round(x(bar.most))}" stroke="${colours.text}" stroke-width="2"/>`,
        text(Math.max(end, x(bar.most)) + 8, middle + 5, secondsText(bar.median), ''),
      );
      y += layout.bar + layout.gap;
    }
  }
  const height = y + layout.bottom;
  const grid: string[] = [];
  for (let power = first; power <= last; power += 1) {
    const at = round(x(10 ** power));
    grid.push(
      `<path d="M${at} ${layout.top - 8}V${y}" stroke="${colours.grid}"/>`,
      text(at, y + 22, `${10 ** power} s`, 'text-anchor="middle"'),
    );
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${layout.width}" height="${height}" font-family="DejaVu Sans" font-size="15">`,
    `<rect width="${layout.width}" height="${height}" fill="#ffffff"/>`,
    text(20, 34, title, 'font-size="20" font-weight="bold"'),
    ...grid,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

function secondsText(seconds: number): string {
  return `${seconds.toFixed(seconds >= 100 ? 0 : seconds >= 10 ? 1 : 2)} s`;
}

function text(x: number, y: number, content: string, more: string): string {
  const safe = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${round(x)}" y="${round(y)}" fill="${colours.text}" ${more}>${safe}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
