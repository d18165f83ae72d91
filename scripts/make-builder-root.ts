import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilderRoot } from './builder-root.ts';

/** The second part of `npm run builder-root`, on Node 24. `--archive URL` names the Debian archive. */
const { values } = parseArgs({ options: { archive: { type: 'string' } } });
const root = await ensureBuilderRoot({
  project: dirname(import.meta.dirname),
  log: (line) => process.stderr.write(`${line}\n`),
  ...values,
});
process.stdout.write(`${root.directory}\n`);
