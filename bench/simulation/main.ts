import { parseArgs } from 'node:util';
import { FlowCosts, readBuildDefinition } from './flow-cost.ts';
import { historyBound } from './history-bound.ts';
import { measureEngine } from './measure-engine.ts';
import { report } from './report.ts';
import { runScenario } from './run-scenario.ts';
import { scenarios } from './scenarios.ts';
import { tenantsReport } from './tenants/tenants-report.ts';
import { needFair, resultOf } from './tenants/tenants-result.ts';
import { TenantsRun } from './tenants/tenants-run.ts';

/**
 * `node bench/simulation/main.ts`: the tables of docs/simulation.md. The same seed prints the same bytes; how long each
 * part took goes to standard error. `--builds`, `--stages`, `--measured` and `--seed` change the size. With
 * `--scenario tenants` it is the run of many tenants alone, of the size that `--tenants`, `--builds` and `--slots` say.
 */
const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'builds' },
    tenants: { type: 'string', default: '1000' },
    slots: { type: 'string', default: '500' },
    builds: { type: 'string' },
    stages: { type: 'string', default: '40' },
    measured: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
});
function timed(what: string): () => void {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    console.error(`${what}: ${((user + system) / 1e6).toFixed(1)} s of CPU`);
  };
}

if (values.scenario === 'tenants') await manyTenants();
else if (values.scenario === 'builds') await manyBuilds();
else throw new Error(`there is no scenario ${values.scenario}: it is builds or tenants`);

async function manyTenants(): Promise<void> {
  const [tenants, slots, seed] = [Number(values.tenants), Number(values.slots), Number(values.seed)];
  const options = { tenants, slots, seed, builds: Number(values.builds ?? 100_000) };
  const ran = timed('tenants');
  const run = new TenantsRun(options);
  await run.run();
  await run.sweepAll();
  const result = await resultOf(run, slots);
  ran();
  console.log(tenantsReport(options, run, result));
  needFair(result, { share: 0.1, pause: 10 });
}

async function manyBuilds(): Promise<void> {
  const seed = Number(values.seed);
  const size = { builds: Number(values.builds ?? 10_000), stagesPerBuild: Number(values.stages), seed };
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
}
