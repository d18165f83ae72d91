import { parseArgs } from 'node:util';
import { FlowCosts, readBuildDefinition } from './flow-cost.ts';
import { historyBound } from './history-bound.ts';
import { measureEngine } from './measure-engine.ts';
import { report } from './report.ts';
import { runScenario } from './run-scenario.ts';
import { scenarios } from './scenarios.ts';

/**
 * `node bench/simulation/main.ts`: the tables of docs/simulation.md. The same seed prints the same bytes; how long each
 * part took goes to standard error. `--builds`, `--stages`, `--measured` and `--seed` change the size.
 */
const { values } = parseArgs({
  options: {
    builds: { type: 'string', default: '10000' },
    stages: { type: 'string', default: '40' },
    measured: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
});
const size = { builds: Number(values.builds), stagesPerBuild: Number(values.stages), seed: Number(values.seed) };

function timed(what: string): () => void {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    console.error(`${what}: ${((user + system) / 1e6).toFixed(1)} s of CPU`);
  };
}

const flow = new FlowCosts(readBuildDefinition());
const bound = historyBound(flow);
const measured = timed(`${values.measured} builds through the engine's own functions`);
const measure = await measureEngine(Number(values.measured), size.seed);
measured();
const results = scenarios.map((scenario) => {
  const ran = timed(scenario.name);
  const result = runScenario(scenario, size, flow, measure);
  ran();
  return result;
});
console.log(report(size, results, measure, bound));
