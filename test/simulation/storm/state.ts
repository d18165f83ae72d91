import type { PaperEngine } from '../../../bench/simulation/paper-engine.ts';
import type { BuildRecord } from '../../../core/builds/build-record.ts';
import type { Observer } from './observer.ts';
import type { Receiver } from './receiver.ts';
import type { Weather } from './weather.ts';

/** What became of an attempt: what its failure may be explained by. */
export interface Drawn {
  readonly buildId: string;
  readonly stageId: string;
  readonly attempt: number;
  readonly fate: 'sound' | 'infrastructure' | 'lost' | 'step';
  readonly deaf: boolean;
}

/** A run as the checks see it. */
export interface Storm {
  readonly weather: Weather;
  readonly engine: PaperEngine;
  readonly observer: Observer;
  readonly receiver: Receiver;
  readonly tenants: readonly string[];
  /** Endpoint's address by tenant. */
  readonly addresses: ReadonlyMap<string, string>;
  readonly drawn: readonly Drawn[];
  /** Builds whose end was asked for. */
  readonly asked: ReadonlySet<string>;
  /** Those of which it was answered that they will end. */
  readonly accepted: ReadonlySet<string>;
  readonly builds: readonly BuildRecord[];
}
