import type { SlotCaps } from '../../core/queue/slots.ts';

/** Limits of the installation that a workload runs in. */
export interface Capacity {
  readonly builds: Pick<SlotCaps, 'installation' | 'tenant'>;
  /** Stages of one build at once. */
  readonly stagesPerBuild: number;
  /** Tasks at once: the account's quota of vCPUs. */
  readonly tasks: number;
  /** `spot`: Spot first, on demand once a stage's builder was taken back or could not be had. */
  readonly kind: 'spot' | 'on-demand';
}
