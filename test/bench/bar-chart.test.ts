import { expect, it } from 'vitest';
import { barChart } from '../../bench/plots/bar-chart.ts';

const bar = (label: string, median: number, ours = false) => ({ label, ours, median, least: median / 2, most: median });

function widths(svg: string): number[] {
  return [...svg.matchAll(/<rect x="330" y="\d+" width="([\d.]+)"/g)].map((match) => Number(match[1]));
}

it('draws equal factors as equal lengths', () => {
  const [a = 0, b = 0, c = 0] = widths(
    barChart('t', [{ title: 'g', bars: [bar('a', 1), bar('b', 10), bar('c', 100)] }]),
  );
  expect(a).toBeGreaterThan(0);
  expect(b - a).toBeCloseTo(c - b, 0);
});

it('keeps everything on the paper and names it as text', () => {
  const svg = barChart('cold & <warm>', [{ title: 'g', bars: [bar('a', 0.05), bar('b', 900)] }]);
  expect(svg).toContain('cold &amp; &lt;warm&gt;');
  expect(Math.max(...widths(svg))).toBeLessThanOrEqual(580);
  expect(Math.min(...widths(svg))).toBeGreaterThanOrEqual(0);
  expect(svg).toContain('>900 s<');
});
