import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { project } from '../docs/markdown.ts';

type Parser = typeof import('@actions/workflow-parser');

/** GitHub's own parser of workflows. It imports JSON in a way that bundlers know and Node does not, so it is bundled first. */
export async function openWorkflowParser(): Promise<Parser> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lbuild-workflow-parser-'));
  try {
    const outfile = path.join(folder, 'parser.mjs');
    const contents = "export * from '@actions/workflow-parser';";
    const options = { bundle: true, format: 'esm', platform: 'node', logLevel: 'warning', outfile } as const;
    await build({ ...options, stdin: { contents, resolveDir: project } });
    const parser: Parser = await import(/* @vite-ignore */ pathToFileURL(outfile).href);
    return parser;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
