import type { BuildDetail } from '../../../sdk/generated/types.gen.ts';

/** A file that was made. */
export interface MadeFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly sha256: string;
}

const mib = 1_048_576;

/** The summary of a job: how the build ended, what it made, and why it failed; in Markdown. */
export function summaryText(build: BuildDetail, files: readonly MadeFile[]): string {
  const mark = build.state === 'succeeded' ? '✅' : build.ended ? '❌' : '⏳';
  const lines = [
    `## ${mark} ${escaped(build.name)}: ${build.state}`,
    '',
    `Build \`${build.id}\`${tookText(build)}.`,
    '',
  ];
  if (files.length > 0) {
    lines.push('| file | type | size | SHA-256 |', '| --- | --- | ---: | --- |');
    for (const { name, type, size, sha256 } of files) {
      lines.push(`| ${escaped(name)} | ${type} | ${(size / mib).toFixed(1)} MiB | \`${sha256}\` |`);
    }
    lines.push('');
  }
  const { failure } = build;
  if (failure !== undefined) {
    const where = failure.step === undefined ? '' : ` in step \`${failure.step}\``;
    lines.push(`**${escaped(failure.reason)}** (\`${failure.code}\`${where})`, '', escaped(failure.remedy), '');
    if (failure.logTail.length > 0) lines.push(...fenced(failure.logTail), '');
  }
  return lines.join('\n');
}

function tookText({ startedAt, endedAt, stages }: BuildDetail): string {
  if (startedAt === undefined || endedAt === undefined) return '';
  const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000;
  const steps = stages.flatMap((stage) => stage.steps);
  const hits = steps.filter((step) => step.hit).length;
  return `, ${seconds.toFixed(0)} s, ${hits} of ${steps.length} steps from the cache`;
}

/** Text that Markdown takes as text: it may quote what a hostile script has said. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+!|~&-]/g, (sign) => `&#${sign.charCodeAt(0)};`).replaceAll('\n', ' ');
}

/** Lines as a block of code, in a fence longer than any in them. */
function fenced(lines: readonly string[]): string[] {
  const longest = Math.max(2, ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, ...lines, fence];
}
