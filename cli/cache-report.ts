import type { BuildExplanation, CacheEntry, CacheStats } from '../sdk/generated/types.gen.ts';

/** Entries as lines: when last used, whose, what, how large, how often, and the whole key, which `cache rm` takes. */
export function cacheLine(entry: CacheEntry): string {
  const what =
    entry.step === undefined || entry.step === entry.program ? entry.program : `${entry.program}:${entry.step}`;
  return [
    entry.lastUsedAt.slice(0, 16).replace('T', ' '),
    entry.scope.padEnd(6),
    entry.kind.padEnd(8),
    sizeText(entry.bytes).padStart(9),
    `${entry.hits} hits`.padStart(9),
    entry.key,
    entry.build,
    what,
  ].join('  ');
}

/** Sizes by scope and kind, hit rates by program, and for the operator the whole installation. */
export function statsText(stats: CacheStats): string {
  const lines = stats.sizes.map(
    ({ scope, kind, results, bytes }) =>
      `${scope.padEnd(6)}  ${kind.padEnd(8)}  ${`${results} results`.padStart(14)}  ${sizeText(bytes).padStart(9)}`,
  );
  if (lines.length === 0) lines.push('nothing is cached');
  if (!stats.complete) lines.push('there is more than one answer counts');
  lines.push('', `hits of the last ${stats.days} days`);
  for (const { program, hits, misses, hitRate } of stats.programs) {
    lines.push(`${program.padEnd(10)}  ${`${(100 * hitRate).toFixed(0)} %`.padStart(5)}  ${hits} of ${hits + misses}`);
  }
  if (stats.programs.length === 0) lines.push('no build has ended');
  if (stats.installation !== undefined) {
    const { limitBytes, lastRun } = stats.installation;
    lines.push('', `limit       ${sizeText(limitBytes)}`);
    if (lastRun !== undefined) {
      lines.push(`held        ${sizeText(lastRun.bytes)} (at ${lastRun.at}; ${lastRun.evicted} evicted then)`);
      for (const { scope, bytes } of lastRun.owners) lines.push(`  ${scope}  ${sizeText(bytes)}`);
    }
  }
  return lines.join('\n');
}

/** Each step of a build: what became of it, and why it was no hit. */
export function explanationText(explanation: BuildExplanation): string {
  const width = Math.max(...explanation.steps.map(({ id }) => id.length));
  const lines = explanation.steps.map(({ id, outcome, reason }) =>
    `${id.padEnd(width)}  ${outcome.padEnd(10)}  ${reason?.text ?? ''}`.trimEnd(),
  );
  if (explanation.comparedWith !== undefined) lines.push('', `compared with  ${explanation.comparedWith}`);
  return lines.join('\n');
}

/** Bytes for people. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return bytes < 1_000_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000_000_000).toFixed(2)} GB`;
}
