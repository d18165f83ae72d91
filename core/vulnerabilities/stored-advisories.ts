import { z } from 'zod';
import { distributionNames, distributions } from '../distributions/registry.ts';
import { readJson, utf8 } from '../json.ts';
import { byCodeUnits } from '../text.ts';
import { type Advisory, advisorySchema } from './advisory.ts';

/** What a line does not say again. */
const lineSchema = z.tuple([
  z.string(),
  z.array(advisorySchema.omit({ source: true, distribution: true, release: true })),
]);

const lineEnd = 0x0a;

/**
 * The advisories of a release as they are stored: a line of JSON for each source package, `["openssl",[…]]`, sorted, so
 * that a scan reads those of its own packages alone.
 */
export function advisoryLines(advisories: readonly Advisory[]): Uint8Array {
  const bySource = new Map<string, Omit<Advisory, 'source' | 'distribution' | 'release'>[]>();
  for (const { source, distribution: _, release: __, ...advisory } of advisories) {
    const known = bySource.get(source);
    if (known === undefined) bySource.set(source, [advisory]);
    else known.push(advisory);
  }
  const lines = [...bySource].sort(([a], [b]) => byCodeUnits(a, b)).map((line) => `${JSON.stringify(line)}\n`);
  return utf8(lines.join(''));
}

/**
 * The advisories of some source packages out of a stored file.
 * @param stored as `advisoryLines` made it, checked against its digest
 */
export function advisoriesIn(stored: Uint8Array, release: string, sources: ReadonlySet<string>): Advisory[] {
  const distribution = distributionNames.find((name) => Object.hasOwn(distributions[name].releases, release));
  if (distribution === undefined) return [];
  const found: Advisory[] = [];
  for (let start = 0; start < stored.length; ) {
    const end = stored.indexOf(lineEnd, start);
    const line = stored.subarray(start, end === -1 ? stored.length : end);
    start += line.length + 1;
    if (!sources.has(sourceOf(line))) continue;
    const [source, advisories] = lineSchema.parse(readJson(line));
    for (const advisory of advisories) found.push({ ...advisory, source, distribution, release });
  }
  return found;
}

const quote = 0x22;
const decoder = new TextDecoder();

/** The source package of a line: behind `["`, in characters that JSON writes as they are. */
function sourceOf(line: Uint8Array): string {
  return decoder.decode(line.subarray(2, line.indexOf(quote, 2)));
}
