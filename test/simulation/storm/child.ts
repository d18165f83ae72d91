import { plant } from './plant.ts';

const [first = '1', step = '1', last = '1', bug = ''] = process.argv.slice(2);
if (bug !== '') plant(bug);
// Only now, so that the bug is in what it loads.
const { runStorm } = await import('./storm.ts');
for (let seed = Number(first); seed <= Number(last); seed += Number(step)) {
  const result = await runStorm(seed);
  await new Promise((resolve) => process.send?.(result, resolve));
}
process.disconnect();
