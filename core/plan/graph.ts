import type { Plan } from './plan.ts';

/** A plan as it is drawn. Texts are as they are: whoever draws escapes them. */
export interface PlanGraph {
  readonly nodes: readonly GraphNode[];
  readonly stages: readonly { readonly id: string; readonly trust: string }[];
}

export interface GraphNode {
  readonly id: string;
  readonly stage: string;
  readonly hit: boolean;
  /** On the way that decides how long the build takes. */
  readonly critical: boolean;
  /** Positions in the list of nodes; they stand before it. */
  readonly needs: readonly number[];
}

/** The graph of a plan: its steps, each in its stage, without needs that others imply. */
export function graphOf(
  plan: Pick<Plan, 'steps' | 'stages'>,
  isHit: (stepId: string) => boolean,
  criticalPath: readonly string[],
): PlanGraph {
  const position = new Map(plan.steps.map((step, index) => [step.id, index]));
  const stageOf = new Map(plan.stages.flatMap((stage) => stage.steps.map((id) => [id, stage.id] as const)));
  const critical = new Set(criticalPath);
  const below: Set<number>[] = [];
  const nodes = plan.steps.map((step, index) => {
    const needs = step.needs.flatMap((need) => position.get(need) ?? []);
    const indirect = new Set(needs.flatMap((need) => [...(below[need] ?? [])]));
    below[index] = new Set([...needs, ...indirect]);
    return {
      id: step.id,
      stage: stageOf.get(step.id) ?? '',
      hit: isHit(step.id),
      critical: critical.has(step.id),
      needs: needs.filter((need) => !indirect.has(need)),
    };
  });
  return { nodes, stages: plan.stages.map(({ id, trust }) => ({ id, trust })) };
}

/** The graph as a Mermaid flowchart: a subgraph a stage, dashed what is cached, thick the critical path. */
export function mermaidOf(graph: PlanGraph): string {
  const lines = ['flowchart LR'];
  for (const stage of graph.stages) {
    lines.push(`  subgraph ${mermaidId(stage.id)}["${mermaidText(`${stage.id} ${stage.trust}`)}"]`);
    for (const [index, node] of graph.nodes.entries()) {
      if (node.stage === stage.id) lines.push(`    n${index}["${mermaidText(node.id)}"]`);
    }
    lines.push('  end');
  }
  const thick: number[] = [];
  let edges = 0;
  for (const [index, node] of graph.nodes.entries()) {
    for (const need of node.needs) {
      lines.push(`  n${need} --> n${index}`);
      if (node.critical && graph.nodes[need]?.critical === true) thick.push(edges);
      edges += 1;
    }
  }
  lines.push('  classDef hit stroke-dasharray:4', '  classDef critical stroke-width:3px');
  const list = (wanted: (node: GraphNode) => boolean): string =>
    [...graph.nodes.entries()].flatMap(([index, node]) => (wanted(node) ? [`n${index}`] : [])).join(',');
  const hits = list((node) => node.hit);
  const critical = list((node) => node.critical);
  if (hits !== '') lines.push(`  class ${hits} hit`);
  if (critical !== '') lines.push(`  class ${critical} critical`);
  if (thick.length > 0) lines.push(`  linkStyle ${thick.join(',')} stroke-width:3px`);
  return `${lines.join('\n')}\n`;
}

function mermaidId(text: string): string {
  return `stage_${text.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
}

/** Mermaid writes characters by number as #35;. */
function mermaidText(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9 ._-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);
}
