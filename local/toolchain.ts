import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { z } from 'zod';
import { EngineError } from '../core/errors.ts';

const toolchainSchema = z.looseObject({ digest: z.string().regex(/^[0-9a-f]{64}$/) });

/** What builders and plugins work with: the digest of the builder root's packages, and code in one file each. */
export interface Toolchain {
  readonly digest: string;
  readonly agentBundle: string;
  /** The code of a sandbox's process, as one file: each run of a plugin then starts in half the time. */
  readonly sandboxFile: string;
}

/**
 * Reads the toolchain of a builder root and bundles the agent and the sandbox of plugins beside the engine's state. The agent is no part of the
 * toolchain: its programs have versions of their own, and an edit of code needs no new root.
 * @throws EngineError configuration.invalid where the root is missing
 */
export async function openToolchain(builderRoot: string, directory: string): Promise<Toolchain> {
  const file = join(builderRoot, 'toolchain.json');
  if (!existsSync(file)) {
    throw new EngineError('configuration.invalid', `There is no builder root in ${builderRoot}.`, {
      fields: [
        {
          path: 'builderRoot',
          code: 'configuration.invalid',
          reason: 'the folder holds no toolchain.json',
          remedy: 'Make it with `npm run builder-root`, or name it with --builder-root.',
        },
      ],
    });
  }
  const { digest } = toolchainSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const agentBundle = join(directory, 'agent', 'agent.mjs');
  mkdirSync(join(directory, 'agent'), { recursive: true });
  // A folder of its own: the process may read all that is beside its code.
  const sandboxFile = join(directory, 'sandbox', 'sandbox-process.mjs');
  const bundle = (entry: string, outfile: string) =>
    build({
      ...{ entryPoints: [join(import.meta.dirname, '..', entry)], outfile },
      ...{ bundle: true, platform: 'node', target: 'node24', format: 'esm', logLevel: 'error' },
    });
  await Promise.all([
    bundle('containers/builder/agent/main.ts', agentBundle),
    bundle('adapters/quickjs/sandbox-process.ts', sandboxFile),
  ]);
  return { digest, agentBundle, sandboxFile };
}
