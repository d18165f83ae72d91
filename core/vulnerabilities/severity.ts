/** How bad a vulnerability is, the worst first; what nobody has rated stands last. */
export const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const;
export type Severity = (typeof severities)[number];

/**
 * Who says so, the best-known first: the distribution of its own package, the CVSS vector of the vulnerability, the
 * word that Debian's tracker takes over from the NVD where its own people have said nothing, nobody.
 */
export const severitySources = ['distribution', 'cvss', 'nvd', 'none'] as const;
export type SeveritySource = (typeof severitySources)[number];

/** A severity with its origin; `unknown` comes from `none`, and nothing else does. */
export interface Rating {
  readonly severity: Severity;
  readonly severitySource: SeveritySource;
}

export const unrated: Rating = { severity: 'unknown', severitySource: 'none' };

/** The order of severities, the worst first. */
export function bySeverity(a: Severity, b: Severity): number {
  return severities.indexOf(a) - severities.indexOf(b);
}

/** Of two ratings the one of the better-known origin; of equal origins the worse. */
export function betterRating(a: Rating, b: Rating): Rating {
  const origin = severitySources.indexOf(a.severitySource) - severitySources.indexOf(b.severitySource);
  return (origin || bySeverity(a.severity, b.severity)) <= 0 ? a : b;
}

/** A rating by a word of a table; unrated where the table has no such word. */
function rated(words: ReadonlyMap<string, Severity>, word: string, severitySource: SeveritySource): Rating {
  const severity = words.get(word);
  return severity === undefined ? unrated : { severity, severitySource };
}

const debianUrgencies: ReadonlyMap<string, Severity> = new Map([
  ['high', 'high'],
  ['medium', 'medium'],
  ['low', 'low'],
  ['unimportant', 'negligible'],
]);

/**
 * The rating that an urgency of the Debian security tracker means: `not yet assigned` and `end-of-life` are none. Stars
 * behind it say that it is the NVD's.
 */
export function debianRating(urgency: string): Rating {
  const word = urgency.replace(/\*{1,2}$/, '');
  return rated(debianUrgencies, word, word === urgency ? 'distribution' : 'nvd');
}

const ubuntuPriorities: ReadonlyMap<string, Severity> = new Map([
  ['critical', 'critical'],
  ['high', 'high'],
  ['medium', 'medium'],
  ['low', 'low'],
  ['negligible', 'negligible'],
]);

/** The rating that a priority of Ubuntu means: `untriaged` is none. */
export function ubuntuRating(priority: string): Rating {
  return rated(ubuntuPriorities, priority, 'distribution');
}
