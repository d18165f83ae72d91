import type { PlanGraph } from './graph.ts';

/** Measures of the drawing in pixels. */
const box = { width: 150, height: 34, gapX: 46, gapY: 18, margin: 20 } as const;
/** Characters of a label that fit into its box. */
const labelCharacters = 20;
/** Sweeps over the columns, in which rows settle: more change next to nothing. */
const sweeps = 4;

interface Place {
  readonly column: number;
  readonly row: number;
}

/**
 * The graph as an SVG document: time runs from left to right, a column for each level of needs (layered layout by
 * longest way, rows by the barycentre of the neighbours: Sugiyama, Tagawa and Toda 1981). White is what runs, grey
 * and dashed what is cached, thick the critical path; each box tells its stage. It holds no script, style sheet or
 * reference, and all texts are escaped, so it can be shown in a page as it is.
 */
export function svgOf(graph: PlanGraph): string {
  const places = layout(graph);
  const columns = 1 + Math.max(0, ...places.map(({ column }) => column));
  const rows = 1 + Math.max(0, ...places.map(({ row }) => row));
  const width = 2 * box.margin + columns * box.width + (columns - 1) * box.gapX;
  const height = 2 * box.margin + rows * box.height + (rows - 1) * box.gapY;
  const left = (place: Place): number => box.margin + place.column * (box.width + box.gapX);
  const top = (place: Place): number => box.margin + place.row * (box.height + box.gapY);
  const lines: string[] = [];
  const boxes: string[] = [];
  for (const [index, node] of graph.nodes.entries()) {
    const place = places[index];
    if (place === undefined) continue;
    for (const need of node.needs) {
      const from = places[need];
      if (from === undefined) continue;
      const thick = node.critical && graph.nodes[need]?.critical === true;
      const [x1, y1] = [left(from) + box.width, top(from) + box.height / 2];
      const [x2, y2] = [left(place), top(place) + box.height / 2];
      const bend = box.gapX / 2;
      const path = `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
      lines.push(`<path d="${path}" fill="none" stroke="#555" stroke-width="${thick ? 3 : 1}"/>`);
    }
    const look = node.hit ? 'fill="#eee" stroke-dasharray="4 3"' : 'fill="#fff"';
    const middle = left(place) + box.width / 2;
    boxes.push(
      `<g><title>${escaped(`${node.id} (${node.stage}, ${node.hit ? 'cached' : 'runs'})`)}</title>` +
        `<rect x="${left(place)}" y="${top(place)}" width="${box.width}" height="${box.height}" rx="4" ${look} ` +
        `stroke="#333" stroke-width="${node.critical ? 3 : 1}"/>` +
        `<text x="${middle}" y="${top(place) + 15}">${escaped(shortened(node.id))}</text>` +
        `<text x="${middle}" y="${top(place) + 28}" fill="#666" font-size="10">${escaped(node.stage)}</text></g>`,
    );
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      'font-family="sans-serif" font-size="12" text-anchor="middle">',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...lines,
    ...boxes,
    '</svg>',
    '',
  ].join('\n');
}

/** Column and row of each node; no two are at one place, and each stands right of all that it needs. */
function layout(graph: PlanGraph): readonly Place[] {
  const { nodes } = graph;
  const column: number[] = [];
  const columns: number[][] = [];
  const dependents: number[][] = nodes.map(() => []);
  for (const [index, node] of nodes.entries()) {
    const own = node.needs.reduce((most, need) => Math.max(most, (column[need] ?? 0) + 1), 0);
    column.push(own);
    const members = columns[own] ?? [];
    members.push(index);
    columns[own] = members;
    for (const need of node.needs) dependents[need]?.push(index);
  }
  const row = new Array<number>(nodes.length).fill(0);
  const settle = (members: number[]): void => {
    for (const [place, index] of members.entries()) row[index] = place;
  };
  for (const members of columns) settle(members);
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (const members of forward ? columns : columns.toReversed()) {
      const centre = new Map(
        members.map((index) => {
          const neighbours = forward ? (nodes[index]?.needs ?? []) : (dependents[index] ?? []);
          const sum = neighbours.reduce((total, neighbour) => total + (row[neighbour] ?? 0), 0);
          return [index, neighbours.length === 0 ? (row[index] ?? 0) : sum / neighbours.length] as const;
        }),
      );
      members.sort((a, b) => (centre.get(a) ?? 0) - (centre.get(b) ?? 0) || a - b);
      settle(members);
    }
  }
  return nodes.map((_, index) => ({ column: column[index] ?? 0, row: row[index] ?? 0 }));
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length <= labelCharacters ? text : `${characters.slice(0, labelCharacters - 1).join('')}…`;
}

/** Text as XML holds it. What no XML 1.0 document may hold is left out. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
