import type { Figures } from './read-analytics.ts';
import { type Outcome, outcomes } from './rollup.ts';

export interface ChartGroup {
  readonly group: string;
  readonly figures: Figures;
}

/** Pixels. The panels stand one over the other and share the groups' places. */
const page = { width: 960, left: 64, right: 24, top: 44, panel: 190, between: 58, bottom: 70 } as const;

/** Told apart also by who sees no red or green (Okabe and Ito, "Color Universal Design", 2008). */
const colours: Readonly<Record<Outcome, string>> = {
  succeeded: '#009e73',
  failed: '#d55e00',
  cancelled: '#999999',
  rejected: '#cc79a7',
};
const lines = [
  ['p50', '#0072b2'],
  ['p90', '#e69f00'],
] as const;

/** Labels of groups that fit beside one another. */
const mostLabels = 16;
const labelCharacters = 18;

/**
 * Draws figures by group as an SVG document: builds by outcome, how long they took, how much came from the cache, and
 * what they cost. It holds no script, style sheet or reference, and all texts are escaped, so it can be shown in a page as it is.
 * @param title what stands over it
 */
export function analyticsChart(title: string, groups: readonly ChartGroup[]): string {
  const height = page.top + 4 * page.panel + 3 * page.between + page.bottom;
  const top = (panel: number): number => page.top + panel * (page.panel + page.between);
  const body =
    groups.length === 0
      ? [text(page.width / 2, height / 2, 'No build has ended in this span.', 'middle')]
      : [
          ...outcomePanel(groups, top(0)),
          ...durationPanel(groups, top(1)),
          ...cachePanel(groups, top(2)),
          ...costPanel(groups, top(3)),
          ...groupLabels(groups, top(3) + page.panel),
        ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${page.width}" height="${height}" ` +
      `viewBox="0 0 ${page.width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${page.width}" height="${height}" fill="#fff"/>`,
    `<text x="${page.left}" y="22" font-size="15">${escaped(title)}</text>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

const slotWidth = (groups: readonly ChartGroup[]): number => (page.width - page.left - page.right) / groups.length;
const middleOf = (groups: readonly ChartGroup[], at: number): number => page.left + (at + 0.5) * slotWidth(groups);

function outcomePanel(groups: readonly ChartGroup[], top: number): string[] {
  const axis = axisOf(Math.max(1, ...groups.map(({ figures }) => figures.builds)), top);
  const width = Math.max(1, Math.min(48, slotWidth(groups) * 0.8));
  const bars = groups.flatMap(({ group, figures }, at) => {
    let below = 0;
    return outcomes.flatMap((outcome) => {
      const builds = figures.outcomes[outcome];
      if (builds === 0) return [];
      const [y, bottom] = [axis.at(below + builds), axis.at(below)];
      below += builds;
      return [
        `<rect x="${px(middleOf(groups, at) - width / 2)}" y="${px(y)}" width="${px(width)}" height="${px(bottom - y)}" ` +
          `fill="${colours[outcome]}"><title>${escaped(`${group}: ${builds} ${outcome}`)}</title></rect>`,
      ];
    });
  });
  return [
    ...axis.drawn('builds'),
    ...bars,
    ...legend(
      top,
      outcomes.map((name) => [name, colours[name]]),
    ),
  ];
}

function durationPanel(groups: readonly ChartGroup[], top: number): string[] {
  const values = groups.flatMap(({ figures }) => (figures.totalSeconds === null ? [] : [figures.totalSeconds.p90]));
  const axis = axisOf(Math.max(1, ...values), top);
  const drawn = lines.flatMap(([share, colour]) =>
    curve(groups, colour, (figures) =>
      figures.totalSeconds === null ? undefined : axis.at(figures.totalSeconds[share]),
    ),
  );
  const names = lines.map(([share, colour]) => [share, colour] as const);
  return [...axis.drawn('seconds, submission to end'), ...drawn, ...legend(top, names)];
}

function cachePanel(groups: readonly ChartGroup[], top: number): string[] {
  const axis = axisOf(100, top);
  const drawn = curve(groups, '#0072b2', ({ cacheHitRate }) =>
    cacheHitRate === null ? undefined : axis.at(100 * cacheHitRate),
  );
  return [...axis.drawn('% of steps from the cache'), ...drawn];
}

/** A hundredth of a cent is the least that an axis reaches to: a build may cost less than a cent. */
const leastDollars = 0.0001;

function costPanel(groups: readonly ChartGroup[], top: number): string[] {
  const dollars = ({ microDollars }: Figures): number => microDollars / 1_000_000;
  const axis = axisOf(Math.max(leastDollars, ...groups.map(({ figures }) => dollars(figures))), top);
  return [...axis.drawn('US dollars'), ...curve(groups, '#0072b2', (figures) => axis.at(dollars(figures)))];
}

/** A line through what groups have, with a gap where one has nothing. */
function curve(groups: readonly ChartGroup[], colour: string, yOf: (figures: Figures) => number | undefined): string[] {
  const points = groups.map(({ figures }, at) => ({ x: middleOf(groups, at), y: yOf(figures) }));
  let path = '';
  let open = false;
  for (const { x, y } of points) {
    if (y !== undefined) path += `${open ? 'L' : 'M'}${px(x)} ${px(y)} `;
    open = y !== undefined;
  }
  const dots = points.flatMap(({ x, y }) =>
    y === undefined ? [] : [`<circle cx="${px(x)}" cy="${px(y)}" r="2.5" fill="${colour}"/>`],
  );
  return [`<path d="${path.trim()}" fill="none" stroke="${colour}" stroke-width="1.5"/>`, ...dots];
}

/** An upright axis from 0 to a round number that is at least `most`. */
function axisOf(most: number, top: number) {
  const end = roundUp(most);
  const at = (value: number): number => top + page.panel * (1 - value / end);
  const drawn = (name: string): string[] => [
    text(page.left, top - 8, name, 'start'),
    ...[0, 0.5, 1].flatMap((share) => [
      `<line x1="${page.left}" x2="${page.width - page.right}" y1="${px(at(share * end))}" y2="${px(at(share * end))}" ` +
        `stroke="${share === 0 ? '#333' : '#ddd'}"/>`,
      text(page.left - 6, at(share * end) + 4, String(Number((share * end).toPrecision(3))), 'end'),
    ]),
  ];
  return { at, drawn };
}

/** The next of 1, 2, 5, 10, 20, 50 … */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((digit) => digit * power >= value) ?? 10) * power;
}

function legend(top: number, entries: readonly (readonly [string, string])[]): string[] {
  return entries.flatMap(([name, colour], at) => {
    const x = page.width - page.right - (entries.length - at) * 92;
    return [
      `<rect x="${x}" y="${px(top - 18)}" width="10" height="10" fill="${colour}"/>`,
      text(x + 14, top - 9, name, 'start'),
    ];
  });
}

function groupLabels(groups: readonly ChartGroup[], bottom: number): string[] {
  const every = Math.ceil(groups.length / mostLabels);
  return groups.flatMap(({ group }, at) => {
    if (at % every !== 0) return [];
    const [x, y] = [px(middleOf(groups, at)), px(bottom + 14)];
    const short = group.length > labelCharacters ? `${group.slice(0, labelCharacters - 1)}…` : group;
    return [`<text x="${x}" y="${y}" text-anchor="end" transform="rotate(-35 ${x} ${y})">${escaped(short)}</text>`];
  });
}

const text = (x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string =>
  `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;

const px = (value: number): string => String(Number(value.toFixed(1)));

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (words: string): string => words.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? '');
