import { describe, expect, it } from 'vitest';
import { analyticsChart } from '../../../core/analytics/chart.ts';
import { figuresOf } from '../../../core/analytics/read-analytics.ts';
import { emptyRollup, mergeRollups, rollupOf } from '../../../core/analytics/rollup.ts';

const figures = (succeeded: number, failed: number) => {
  const fact = { buildId: 'b', tenantId: 't', day: '2026-11-01', groups: {}, totalMilliseconds: 60_000 } as const;
  const of = (outcome: 'succeeded' | 'failed', builds: number) =>
    Array.from({ length: builds }, () =>
      rollupOf({ ...fact, outcome, cacheHits: 3, cacheMisses: 1, microDollars: 2_000 }),
    );
  return figuresOf([...of('succeeded', succeeded), ...of('failed', failed)].reduce(mergeRollups, emptyRollup));
};

/** Heights of the bars of a colour, in the order of the groups. */
const bars = (svg: string, colour: string) =>
  [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)" fill="(#\w+)"><title>/g)]
    .filter(([, , fill]) => fill === colour)
    .map(([, height]) => Number(height));

describe('the chart of builds', () => {
  it('has bars as high as there are builds, and says in each what it is', () => {
    const svg = analyticsChart('Builds', [
      { group: '2026-11-01', figures: figures(8, 2) },
      { group: '2026-11-02', figures: figures(4, 0) },
    ]);
    expect(bars(svg, '#009e73')).toEqual([152, 76]);
    expect(bars(svg, '#d55e00')).toEqual([38]);
    expect(svg).toContain('<title>2026-11-01: 2 failed</title>');
    // 10 builds of 0.2 cents, on an axis that ends there.
    expect(svg).toContain('US dollars');
    expect(svg).toContain('>0.02</text>');
  });

  it('takes no word of a group for markup, and reaches for nothing outside', () => {
    const svg = analyticsChart('<b>"&', [{ group: '<script>alert(1)</script>', figures: figures(1, 0) }]);
    expect(svg).not.toContain('<script');
    expect(svg).toContain('&lt;b&gt;&quot;&amp;');
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|href|style|url\(/);
  });

  it('says so where there is nothing to draw, and names few of many groups', () => {
    expect(analyticsChart('Builds', [])).toContain('No build has ended in this span.');
    const year = Array.from({ length: 366 }, (_, day) => ({ group: `day ${day}`, figures: figures(1, 0) }));
    expect(analyticsChart('Builds', year).match(/rotate/g)).toHaveLength(16);
  });
});
