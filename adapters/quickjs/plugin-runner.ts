import type { PluginRunner } from '../../core/ports/plugin-runner.ts';
import { createPluginFetch, type PluginFetchOptions } from './plugin-fetch.ts';
import { runInProcess } from './run-process.ts';
import { RunSlots } from './run-slots.ts';
import { sizeFault } from './size-fault.ts';
import { installedEngine, installedSandbox, type SandboxFiles } from './start-process.ts';

export interface PluginRunnerOptions extends PluginFetchOptions, Partial<SandboxFiles> {
  /** Runs at once; each takes a process of some 150 MiB at most. */
  readonly parallel?: number;
}

/** A spec's plugins run one after another; two builds that are planned at once do not wait for each other. */
const usualParallel = 2;

/**
 * Runs plugins in QuickJS, compiled to WebAssembly. Each run has a fresh instance of it in a process of its own, and both
 * end with the run, whatever it does: the engine ends code that has used its processor time, and the process is killed
 * where the engine does not. Code sees nothing of the process: it is data to the engine, which imports no more than the
 * sandbox gives it; and the process has nothing that would be worth having.
 */
export function createPluginRunner(options: PluginRunnerOptions = {}): PluginRunner {
  const slots = new RunSlots(options.parallel ?? usualParallel);
  const fetch = createPluginFetch(options);
  const files: SandboxFiles = {
    sandboxFile: options.sandboxFile ?? installedSandbox(),
    engineFile: options.engineFile ?? installedEngine(),
  };

  return {
    async run(call, signal) {
      signal.throwIfAborted();
      const input = JSON.stringify(call.input);
      const tooLarge = sizeFault(call, input);
      if (tooLarge !== undefined) return tooLarge;
      const release = await slots.take(call.tenantId, signal);
      try {
        return await runInProcess({ files, fetch, call, input, signal });
      } finally {
        release();
      }
    },
  };
}
