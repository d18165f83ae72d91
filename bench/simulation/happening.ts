/** What happens next: to a build in the first three, to a stage in the others. */
const happenings = [
  'submitted',
  'queued',
  'finalized',
  'awaited',
  'due',
  'prepared',
  'launch',
  'ended',
  'classified',
  'settled',
] as const;
export type Happening = (typeof happenings)[number];

/** Bits that say what happens; those above say to whom. */
const bits = 4;

/** A happening as one number of an EventQueue. @param subject number of the build or place of the stage, below 2^27 */
export function encode(what: Happening, subject: number): number {
  return happenings.indexOf(what) | (subject << bits);
}

export function decode(event: number): { readonly what: Happening; readonly subject: number } {
  const what = happenings[event & ((1 << bits) - 1)];
  if (what === undefined) throw new RangeError(`${event} is no happening`);
  return { what, subject: event >> bits };
}
