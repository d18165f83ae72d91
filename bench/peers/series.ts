import type { ArchiveAddresses, OutputKind } from './reference.ts';
import type { Scenario } from './results.ts';

/** What a series has to work with. */
export interface Ground {
  /** An empty folder of its own, where that of every other series is too: in memory, or on the disk. */
  readonly work: string;
  /** As the other, on the disk in any case: for the series that is there to show the difference. */
  readonly workOnDisk: string;
  /** Outlives the series of a run: what was downloaded for ours. */
  readonly packageCache: string;
  readonly archives: ArchiveAddresses;
  readonly builderRoot: string;
  readonly peersRoot: string;
  readonly logFile: string;
  /** Seconds after which a measurement is given up. */
  readonly timeoutSeconds: number;
}

export interface Measured {
  readonly seconds: number;
  /** Numbers beside the time, by name. */
  readonly facts: Readonly<Record<string, number>>;
}

/** A series that has begun: its scenarios in their order, each on what the one before left. */
export interface RunningSeries {
  /** @throws ToolFailure where the tool does not do it */
  measure(scenario: Scenario): Promise<Measured>;
  close(): Promise<void>;
}

/** A tool that makes the reference image in one form, cold and then after changes. */
export interface Series {
  /** Such as `live-build-iso`. */
  readonly name: string;
  readonly title: string;
  readonly output: OutputKind;
  /** `cold` first. */
  readonly scenarios: readonly Scenario[];
  begin(ground: Ground): Promise<RunningSeries>;
}
