import { type Rating, unrated } from './severity.ts';

/** Weights of CVSS v3.1, 7.4; those of v3.0, 8.4, are the same. */
const weights = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Privileges weigh more where the scope changes. */
const privileges = {
  U: { N: 0.85, L: 0.62, H: 0.27 },
  C: { N: 0.85, L: 0.68, H: 0.5 },
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * The base score of a vector of CVSS v3.0 or v3.1, 0 to 10 with one decimal (v3.1, 7.1 and appendix A). Temporal and
 * environmental metrics are not of the base score. Undefined where the vector is none, a metric of the base is missing
 * or stands twice, and of other versions: v4.0 has no formula but a table of 270 groups, which is not here.
 */
export function cvssBaseScore(vector: string): number | undefined {
  const metrics = metricsOf(vector);
  if (metrics === undefined) return undefined;
  const weight = (name: keyof typeof weights) => weightIn(weights[name], metrics.get(name));
  const scope = metrics.get('S');
  if (scope !== 'U' && scope !== 'C') return undefined;
  const needed = [weight('AV'), weight('AC'), weightIn(privileges[scope], metrics.get('PR')), weight('UI')];
  const impacts = [weight('C'), weight('I'), weight('A')];
  let exploitability = 8.22;
  for (const factor of needed) {
    if (factor === undefined) return undefined;
    exploitability *= factor;
  }
  let unharmed = 1;
  for (const factor of impacts) {
    if (factor === undefined) return undefined;
    unharmed *= 1 - factor;
  }
  const base = 1 - unharmed;
  const impact = scope === 'U' ? 6.42 * base : 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15;
  if (impact <= 0) return 0;
  return roundUp(Math.min((scope === 'U' ? 1 : 1.08) * (impact + exploitability), 10));
}

/** The rating that a vector means (v3.1, 5); a score of 0, `none` there, is negligible. */
export function cvssRating(vector: string): Rating {
  const score = cvssBaseScore(vector);
  if (score === undefined) return unrated;
  const severity =
    score === 0 ? 'negligible' : score < 4 ? 'low' : score < 7 ? 'medium' : score < 9 ? 'high' : 'critical';
  return { severity, severitySource: 'cvss' };
}

/** Longer than any vector: 8 metrics of the base, 3 temporal, 11 environmental. */
const longestVector = 200;

function metricsOf(vector: string): ReadonlyMap<string, string> | undefined {
  if (vector.length > longestVector) return undefined;
  const [version, ...parts] = vector.split('/');
  if (version !== 'CVSS:3.1' && version !== 'CVSS:3.0') return undefined;
  const metrics = new Map<string, string>();
  for (const part of parts) {
    const [, name, value] = /^([A-Z]{1,3}):([A-Z])$/.exec(part) ?? [];
    if (name === undefined || value === undefined || metrics.has(name)) return undefined;
    metrics.set(name, value);
  }
  return metrics;
}

function weightIn(values: Readonly<Record<string, number>>, value: string | undefined): number | undefined {
  return value !== undefined && Object.hasOwn(values, value) ? values[value] : undefined;
}

/** The least number with one decimal that is not less, free of what binary fractions add (v3.1, appendix A). */
function roundUp(score: number): number {
  const whole = Math.round(score * 100_000);
  return whole % 10_000 === 0 ? whole / 100_000 : (Math.floor(whole / 10_000) + 1) / 10;
}
