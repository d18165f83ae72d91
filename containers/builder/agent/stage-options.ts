import type { Manifest } from '../../../core/builds/manifest.ts';
import type { WebProxy } from '../../../core/wiring/proxy.ts';
import type { ArchiveFiles } from '../contract.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { AttemptLog } from './log.ts';
import type { ProcessScope } from './processes.ts';
import type { Programs } from './step-run.ts';
import type { Store } from './store.ts';
import type { WarmTree } from './warm-tree.ts';
import type { BuilderMode } from './workspace.ts';

/** What a stage runs with. */
export interface StageOptions {
  readonly manifest: Manifest;
  readonly programs: Programs;
  readonly store: Store;
  readonly log: AttemptLog;
  readonly heartbeat: Pick<Heartbeat, 'progress'>;
  readonly mode: BuilderMode;
  readonly scope: ProcessScope;
  /** Path of confine.pl. */
  readonly launcher: string;
  readonly folders: {
    readonly work: string;
    readonly inputs: string;
    /** From which a store on this machine takes files over; undefined where there is none. */
    readonly outputs: string | undefined;
  };
  readonly archiveFiles: ArchiveFiles;
  /** Web proxy of scripts with network. */
  readonly proxy?: WebProxy | undefined;
  /** What was made ready before the stage was known. */
  readonly warm?: WarmTree | undefined;
  /** Milliseconds since the attempt began. */
  readonly elapsed: () => number;
  /** Ends the stage: its reason is a StepError build.cancelled (a result is written), or anything else (none is). */
  readonly signal: AbortSignal;
  /** Called when all steps have ended and only the result is still to be written: the log is complete. */
  beforeResult(): Promise<void>;
}
