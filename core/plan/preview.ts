import { z } from 'zod';
import { planPriceSchema, priceOfBuilders } from '../billing/plan-price.ts';
import type { RateVersion } from '../billing/rate-card.ts';
import { printable } from '../builds/printable.ts';
import { warningSchema } from '../builds/warning.ts';
import { digestOf } from '../digest.ts';
import { planPolicySchema } from '../plugins/policy-view.ts';
import { versionReferenceSchema } from '../templates/template-record.ts';
import { costTable } from './cost-table.ts';
import { buildEstimateSchema, estimatePlan, type Figure, figureSources, type RunHistory } from './estimate.ts';
import { explainPlan, type MissReason, missKinds, reasonText } from './explain.ts';
import { graphOf, mermaidOf } from './graph.ts';
import { svgOf } from './graph-svg.ts';
import { type Plan, planStageSchema } from './plan.ts';

const figureSchema = z
  .strictObject({
    value: z.number(),
    from: z.enum(figureSources).describe('A result that is there, past runs, or the cost table.'),
    runs: z.number().int().describe('Past runs whose median it is.'),
  })
  .meta({ id: 'Figure' });

/** Why a step is no hit, as users see it. */
export const missReasonViewSchema = z.strictObject({
  kind: z.enum(missKinds),
  text: z.string().describe('The reason as one line.'),
  root: z.string().optional().describe('The step below where the change began.'),
  input: z.string().optional().describe('The first input that changed.'),
  before: z.string().optional(),
  after: z.string().optional(),
});

const plannedStepSchema = z
  .strictObject({
    id: z.string(),
    program: z.string(),
    label: z.string(),
    stage: z.string(),
    trust: planStageSchema.shape.trust,
    needs: z.array(z.string()),
    key: z.string(),
    hit: z.boolean().describe('Its result is there: nothing will run.'),
    reason: missReasonViewSchema.optional().describe('Why it must run; only of a miss.'),
    seconds: figureSchema,
    bytes: figureSchema.describe('Of its layer, module or artifact.'),
  })
  .meta({ id: 'PlannedStep' });

/** What a build of a spec would be, if it were started now. */
export const planPreviewSchema = z
  .strictObject({
    name: z.string(),
    specDigest: z.string(),
    planDigest: z.string(),
    archiveReadAt: z
      .string()
      .optional()
      .describe('There where the archive does not answer: when the state that the plan is made for was last read.'),
    comparedWith: z.string().optional().describe('The build whose plan the reasons compare with.'),
    hits: z.number().int(),
    misses: z.number().int(),
    stages: z.array(
      z
        .strictObject({
          ...planStageSchema.shape,
          runs: z.boolean().describe('A builder is started for it.'),
          seconds: z.number(),
        })
        .meta({ id: 'PlannedStage' }),
    ),
    steps: z.array(plannedStepSchema),
    criticalPath: z.array(z.string()).describe('The steps that decide how long it takes, first to last.'),
    estimate: z.strictObject({
      ...buildEstimateSchema.omit({ dollarsPerSecond: true }).shape,
      storedBytes: z.number().describe('Layers, modules and artifacts that are made anew.'),
      stageStart: figureSchema.describe('Seconds of a stage beside its steps.'),
      prices: z.strictObject({ region: z.string(), date: z.string(), currency: z.string() }),
      price: planPriceSchema
        .optional()
        .describe(
          'What the builders would be billed by the rate card; `dollars` are what AWS asks by its list prices.',
        ),
    }),
    mermaid: z.string().describe('The graph as a Mermaid flowchart.'),
    svg: z.string().optional().describe('The graph as an SVG document; only where it was asked for.'),
    template: versionReferenceSchema.optional().describe('The version of a template that the spec lies over.'),
    policy: planPolicySchema
      .optional()
      .describe('What the tenant’s plugins decide of it; only where there are some that judge plans.'),
    warnings: z.array(warningSchema).optional().describe('What you should know of it, though it can be built.'),
  })
  .meta({ id: 'PlanPreview' });
export type PlanPreview = z.infer<typeof planPreviewSchema>;

/** What is known beside a plan when it is shown or estimated. */
export interface PlanContext {
  /** Bytes of the results that are there, by key. */
  readonly cached: ReadonlyMap<string, number>;
  readonly history: RunHistory;
  /** The latest plan of a build of the same name. */
  readonly previous?: { readonly buildId: string; readonly plan: Plan };
}

export interface PreviewOptions {
  readonly svg: boolean;
  /** When the archive's state was last read, where the archive does not answer. */
  readonly archiveReadAt?: string | undefined;
  /** The version of the rate card that holds; absent: no price is told. */
  readonly rates?: RateVersion | undefined;
}

/** A plan as users see it: what is cached and why the rest is not, how long it takes, what it costs, how it looks. */
export function previewOf(plan: Plan, name: string, context: PlanContext, options: PreviewOptions): PlanPreview {
  const verdicts = explainPlan(plan, context.previous?.plan, context.cached);
  const estimate = estimatePlan(plan, context);
  const { criticalPath, stageSeconds } = estimate.schedule;
  const isHit = (id: string): boolean => verdicts.get(id)?.hit === true;
  const stageOf = new Map(plan.stages.flatMap((stage) => stage.steps.map((id) => [id, stage.id] as const)));
  const nothing: Figure = { value: 0, from: 'table', runs: 0 };
  const steps = plan.steps.map((step): PlanPreview['steps'][number] => {
    const verdict = verdicts.get(step.id);
    const figures = estimate.steps.get(step.id);
    return {
      id: step.id,
      program: step.program,
      label: step.label,
      stage: stageOf.get(step.id) ?? '',
      trust: step.trust,
      needs: [...step.needs],
      key: step.key,
      hit: isHit(step.id),
      ...(verdict === undefined || verdict.hit ? {} : { reason: missReasonView(verdict.because) }),
      seconds: roundedFigure(figures?.seconds ?? nothing, 1),
      bytes: roundedFigure(figures?.bytes ?? nothing, 0),
    };
  });
  const graph = graphOf(plan, isHit, criticalPath);
  const { dollarsPerSecond: _, ...total } = estimate.total;
  const hits = steps.filter((step) => step.hit).length;
  const runs = plan.stages.filter((stage) => stage.steps.some((id) => !isHit(id)));
  const builders = runs.map(({ id, size }) => ({ size, seconds: stageSeconds.get(id) ?? 0 }));
  return {
    name,
    specDigest: plan.specDigest,
    planDigest: digestOf(plan),
    ...(options.archiveReadAt === undefined ? {} : { archiveReadAt: options.archiveReadAt }),
    ...(context.previous === undefined ? {} : { comparedWith: context.previous.buildId }),
    hits,
    misses: steps.length - hits,
    stages: plan.stages.map((stage) => ({
      ...stage,
      runs: runs.includes(stage),
      seconds: Number((stageSeconds.get(stage.id) ?? 0).toFixed(1)),
    })),
    steps,
    criticalPath: [...criticalPath],
    estimate: {
      ...total,
      storedBytes: estimate.storedBytes,
      stageStart: roundedFigure(estimate.stageStart, 2),
      prices: { region: costTable.region, date: costTable.date, currency: costTable.currency },
      ...(options.rates === undefined ? {} : { price: priceOfBuilders(options.rates, builders) }),
    },
    mermaid: mermaidOf(graph),
    ...(options.svg ? { svg: svgOf(graph) } : {}),
  };
}

/** A reason as it may be shown: specs wrote its texts. */
export function missReasonView(reason: MissReason): z.infer<typeof missReasonViewSchema> {
  const { change, kind, root } = reason;
  return {
    kind,
    text: shown(reasonText(reason)),
    ...(root === undefined ? {} : { root }),
    ...(change === undefined ? {} : { input: shown(change.input) }),
    ...(change?.before === undefined ? {} : { before: shown(change.before) }),
    ...(change?.after === undefined ? {} : { after: shown(change.after) }),
  };
}

/** One line, without what a terminal would act on. */
function shown(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' '));
}

function roundedFigure(figure: Figure, digits: number): Figure {
  return { ...figure, value: Number(figure.value.toFixed(digits)) };
}
