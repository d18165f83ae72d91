import type { Figure, PlanPreview } from '../sdk/generated/types.gen.ts';
import { money } from './money.ts';

/** A plan as a table: each stage with its steps, what is cached and why the rest is not, and what it comes to. */
export function planText(plan: PlanPreview): string {
  const steps = new Map(plan.steps.map((step) => [step.id, step]));
  const width = Math.max(...plan.steps.map((step) => step.id.length));
  const lines: string[] = [];
  for (const stage of plan.stages) {
    const { vcpu, memoryMiB, diskGiB } = stage.size;
    const after = stage.needs.length === 0 ? '' : ` after ${stage.needs.join(', ')}`;
    const does = stage.runs ? duration(stage.seconds) : 'nothing to do';
    lines.push(
      `${stage.id}  ${stage.trust}${after}: ${does}  (${vcpu} vCPU, ${memoryMiB / 1_024} GiB, disk ${diskGiB} GiB)`,
    );
    for (const id of stage.steps) {
      const step = steps.get(id);
      if (step === undefined) continue;
      const figures = step.hit ? `hit   ${''.padEnd(9)}` : `miss  ${timeOf(step.seconds).padEnd(9)}`;
      lines.push(`    ${id.padEnd(width)}  ${figures}  ${step.reason?.text ?? ''}`.trimEnd());
      // What remediation does says no other line.
      if (step.program === 'remediate')
        lines.push(...wrapped(step.label, 100).map((line) => `    ${' '.repeat(width)}  ${line}`));
    }
  }
  const { estimate } = plan;
  const { region, date, currency } = estimate.prices;
  const { cache, history, table } = estimate.sources;
  lines.push(
    '',
    `critical path  ${plan.criticalPath.length === 0 ? 'none: everything is cached' : plan.criticalPath.join(' -> ')}`,
    `steps          ${plan.misses} to run, ${plan.hits} cached`,
    `time           ${duration(estimate.seconds)}`,
    `size           ${size(estimate.bytes)} to download, ${size(estimate.storedBytes)} made anew`,
    `cost           ${estimate.dollars.toFixed(4)} ${currency} (Fargate, ${region}, prices of ${date})`,
    ...priceLines(estimate.price),
    `known from     the cache ${cache}, past runs ${history}, the table ${table} (marked ~)`,
  );
  lines.push(...policyLines(plan.policy));
  if (plan.archiveReadAt !== undefined) lines.push(`archive        away; as it was at ${plan.archiveReadAt}`);
  if (plan.comparedWith !== undefined) lines.push(`compared with  ${plan.comparedWith}`);
  return lines.join('\n');
}

/** A text in lines of at most so many characters, parted at its spaces. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** What the tenant's plugins decide: a line for each that the decision is of. */
function policyLines(policy: PlanPreview['policy']): string[] {
  if (policy === undefined) return [];
  const told = { allow: 'allowed', 'require-approval': 'waits for approval', deny: 'refused' }[policy.decision];
  if (policy.because.length === 0) return [`plugins        ${told}`];
  return policy.because.map(
    ({ plugin, version, reason }) => `plugins        ${told} by ${plugin} ${version}: ${reason}`,
  );
}

/** What the builders would be billed. */
function priceLines(price: PlanPreview['estimate']['price']): string[] {
  return price === undefined ? [] : [`price          ${money(price.microDollars)} for builders, by the rate card`];
}

/** Seconds of a step; a tilde marks what no past run has shown. */
function timeOf(figure: Figure): string {
  return `${figure.from === 'table' ? '~' : ''}${duration(figure.value)}`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
