import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

/** `npm run test:fuzz -- --seed 7 --requests 10000`: exits 1 where anything was found, and shows each kind of it once. */
const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, requests: { type: 'string', default: '10000' } },
});
const seen = new Set<string>();
const report = await fuzz({
  seed: Number(values.seed),
  requests: Number(values.requests),
  onFinding: (finding) => {
    const kind = `${finding.operation}: ${finding.complaint}`;
    if (seen.has(kind)) return;
    seen.add(kind);
    console.log(`\n${kind}\n  request ${finding.number}: ${finding.request}\n  answer: ${finding.answer}`);
    if (finding.cause !== undefined) console.log('  cause:', finding.cause);
  },
});
const statuses = [...report.statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
console.log(`\nanswers ${statuses.join(', ')}`);
console.log(`${report.successes.size} operations went well; ${report.refused} requests were outside the document`);
console.log(
  `${report.requests} requests in ${report.seconds.toFixed(1)} s by seed ${values.seed}: ${report.findings.length} findings`,
);
process.exit(report.findings.length === 0 ? 0 : 1);
