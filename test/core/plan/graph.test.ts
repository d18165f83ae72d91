import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graphOf, mermaidOf, type PlanGraph } from '../../../core/plan/graph.ts';
import { svgOf } from '../../../core/plan/graph-svg.ts';
import { fuseStages } from '../../../core/plan/stages.ts';
import { fullSpec, planOf } from './random-spec.ts';
import { scriptStep } from './random-steps.ts';

const steps = [
  scriptStep('top', []),
  scriptStep('left', ['top']),
  scriptStep('right', ['top']),
  scriptStep('join', ['left', 'right', 'top']),
];
const graph = graphOf({ steps, stages: fuseStages(steps) }, (id) => id === 'top', ['left', 'join']);

/** Boxes of a drawing: x, y, width and height. */
const boxesOf = (svg: string) =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)].map((match) =>
    match.slice(1).map(Number),
  );

describe('the graph', () => {
  it('leaves out needs that others imply', () => {
    expect(graph.nodes.map(({ needs }) => needs)).toEqual([[], [0], [0], [1, 2]]);
  });

  it('is a Mermaid flowchart with stages, hits and the critical path', () => {
    expect(mermaidOf(graph)).toMatchInlineSnapshot(`
      "flowchart LR
        subgraph stage_s1["s1 tenant"]
          n0["top"]
        end
        subgraph stage_s2["s2 tenant"]
          n1["left"]
        end
        subgraph stage_s3["s3 tenant"]
          n2["right"]
        end
        subgraph stage_s4["s4 tenant"]
          n3["join"]
        end
        n0 --> n1
        n0 --> n2
        n1 --> n3
        n2 --> n3
        classDef hit stroke-dasharray:4
        classDef critical stroke-width:3px
        class n0 hit
        class n1,n3 critical
        linkStyle 2 stroke-width:3px
      "
    `);
  });

  it('is drawn with no two boxes over each other, each right of what it needs (property)', () => {
    fc.assert(
      fc.property(fullSpec, (spec) => {
        const plan = planOf(spec);
        const drawn = graphOf(plan, () => false, []);
        const boxes = boxesOf(svgOf(drawn));
        expect(boxes).toHaveLength(plan.steps.length);
        for (const [at, [x = 0, y = 0, width = 0, height = 0]] of boxes.entries()) {
          for (const [otherX = 0, otherY = 0] of boxes.slice(at + 1)) {
            expect(Math.abs(otherX - x) >= width || Math.abs(otherY - y) >= height).toBe(true);
          }
          for (const need of drawn.nodes[at]?.needs ?? []) expect(boxes[need]?.[0]).toBeLessThan(x);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('holds no text that could be markup, whatever the ids are (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 5 }), (ids) => {
        const hostile: PlanGraph = {
          nodes: ids.map((id, at) => ({ id, stage: id, hit: false, critical: true, needs: at === 0 ? [] : [at - 1] })),
          stages: ids.map((id) => ({ id, trust: id })),
        };
        const svg = svgOf(hostile);
        // Texts between tags hold no angle bracket, and every ampersand begins one of our escapes.
        expect(
          svg.replaceAll(
            /<\/?(?:svg|rect|path|text|title|g)(?: [a-z-]+="[^"<>]*"|Box="[^"<>]*"| viewBox="[^"<>]*")*\/?>/g,
            '',
          ),
        ).not.toMatch(/[<>]/);
        expect(svg.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
        // Nor a character that no XML document may hold.
        expect(svg).not.toMatch(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
        const mermaid = mermaidOf(hostile);
        for (const [, label = ''] of mermaid.matchAll(/\["(.*)"\]$/gm)) expect(label).toMatch(/^[A-Za-z0-9 ._#;-]*$/);
        expect(mermaid.split('\n')).toHaveLength(
          mermaidOf({ ...hostile, nodes: hostile.nodes.map((node) => ({ ...node, id: 'x' })) }).split('\n').length,
        );
      }),
    );
  });
});
