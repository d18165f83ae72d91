import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findArchives } from '../../local/archive-sources.ts';
import { ensureBuilderRoot } from '../../scripts/builder-root.ts';
import { readOptions } from '../peers/options.ts';
import { ensurePeersRoot } from '../peers/peers-root.ts';
import { Results } from '../peers/results.ts';
import { seriesIn } from '../peers/tools/all.ts';
import { drawPlots } from './draw.ts';

/** `npm run bench:plots`: draws docs/plots/ anew from the results of `npm run bench:peers` (`--results FOLDER`, `--place memory|disk`). */
const options = readOptions(process.argv.slice(2));
const project = dirname(dirname(import.meta.dirname));
const log = (line: string): void => console.error(line);
const records = new Results(join(options.results, options.place, 'results.jsonl')).all;
const { cache } = await ensureBuilderRoot({ project, log });
const { debian, debianSecurity } = findArchives();
if (debian === undefined || debianSecurity === undefined) throw new Error('the apt sources name no archives');
const peersRoot = ensurePeersRoot(cache, { debian, security: debianSecurity }, log);
const ground = mkdtempSync(join(tmpdir(), 'lbuild-plots-'));
try {
  const made = await drawPlots({ records, series: seriesIn(options.place), peersRoot, ground, project });
  console.log(made.length === 0 ? 'there are no results to draw' : made.join('\n'));
} finally {
  rmSync(ground, { recursive: true, force: true });
}
