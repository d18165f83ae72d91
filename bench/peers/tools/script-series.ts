import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInRoot } from '../private-root.ts';
import { archiveSuites, changedPath, type OutputKind, referencePackages, textOf } from '../reference.ts';
import type { Scenario } from '../results.ts';
import type { Series } from '../series.ts';

const scripts = join(import.meta.dirname, '../scripts');
const standIns = join(import.meta.dirname, '../stand-ins');

export interface ScriptSeriesOptions {
  readonly name: string;
  readonly title: string;
  readonly output: OutputKind;
  /** In scripts/. */
  readonly script: string;
  /** The root that the script runs in. */
  readonly root: 'builder' | 'peers';
  /** Arguments of the script, by scenario. */
  readonly scenarios: Readonly<Partial<Record<Scenario, readonly string[]>>>;
  /** Arguments of what is done before a scenario, and not measured. */
  readonly preparations?: Readonly<Partial<Record<Scenario, readonly string[]>>>;
}

/** A series whose scenarios are calls of a shell script. */
export function scriptSeries(options: ScriptSeriesOptions): Series {
  const { name, title, output } = options;
  const order: readonly Scenario[] = ['cold', 'changed'];
  return {
    name,
    title,
    output,
    scenarios: order.filter((scenario) => options.scenarios[scenario] !== undefined),
    begin: async (ground) => {
      cpSync(scripts, join(ground.work, '.scripts'), { recursive: true });
      cpSync(standIns, join(ground.work, '.stand-ins'), { recursive: true });
      const run = (args: readonly string[], state: number): Promise<number> =>
        runInRoot({
          root: options.root === 'builder' ? ground.builderRoot : ground.peersRoot,
          work: ground.work,
          argv: [`/bench/.scripts/${options.script}`, ...args],
          // What a machine without systemd lacks; elsewhere the tools find the real ones.
          before: existsSync('/run/systemd/system') ? [] : ['/bench/.stand-ins'],
          env: {
            SOURCES: archiveSuites(ground.archives).join('\n'),
            MIRROR: ground.archives.debian,
            SECURITY: ground.archives.security,
            PACKAGES: referencePackages.join(','),
            FILE: changedPath,
            TEXT: textOf(state),
            BOOTABLE: hasFileSystem('vfat') ? 'yes' : 'no',
          },
          logFile: ground.logFile,
          timeoutSeconds: ground.timeoutSeconds,
        });
      return {
        measure: async (scenario) => {
          const state = scenario === 'changed' ? 1 : 0;
          const before = options.preparations?.[scenario];
          if (before !== undefined) await run(before, 0);
          const args = options.scenarios[scenario];
          if (args === undefined) throw new Error(`${name} has no scenario ${scenario}`);
          return { seconds: await run(args, state), facts: {} };
        },
        close: async () => undefined,
      };
    },
  };
}

function hasFileSystem(type: string): boolean {
  return readFileSync('/proc/filesystems', 'utf8')
    .split('\n')
    .some((line) => line.split('\t').at(-1) === type);
}
