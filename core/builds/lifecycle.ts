/** The life of a build: states and the only moves between them. */
export const buildStates = [
  'submitted',
  'planning',
  'awaiting_approval',
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'rejected',
] as const;
export type BuildState = (typeof buildStates)[number];

const moves: Record<BuildState, readonly BuildState[]> = {
  submitted: ['planning', 'cancelled', 'failed'],
  planning: ['awaiting_approval', 'queued', 'failed', 'cancelled'],
  awaiting_approval: ['queued', 'rejected', 'cancelled'],
  queued: ['running', 'failed', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
  rejected: [],
};

/** True where a build in state `from` may become `to`. */
export function mayBecome(from: BuildState, to: BuildState): boolean {
  return moves[from].includes(to);
}

/** True where nothing more happens to a build in this state. */
export function isTerminal(state: BuildState): boolean {
  return moves[state].length === 0;
}

/** The states of a stage and of a step. `skipped` is what a failure or cancellation elsewhere left undone. */
export const workStates = ['pending', 'running', 'succeeded', 'failed', 'cancelled', 'skipped'] as const;
export type WorkState = (typeof workStates)[number];

/** True where a stage or step in this state has come to what it comes to. */
export function isSettled(state: WorkState): boolean {
  return state !== 'pending' && state !== 'running';
}
