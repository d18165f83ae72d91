import type { BuildRecord } from '../builds/build-record.ts';

/** What events of a build say of whose it is, and of what (catalogue.ts). */
export function buildSubject(build: Pick<BuildRecord, 'id' | 'teamId' | 'template' | 'purpose'>) {
  const { id: buildId, teamId, template, purpose } = build;
  return { buildId, teamId, template, purpose };
}

/** Whole milliseconds from one time to another; undefined where one of them is none. Clocks of two hosts may differ. */
export function millisecondsBetween(from: string | undefined, to: string | Date | undefined): number | undefined {
  if (from === undefined || to === undefined) return undefined;
  return Math.max(0, new Date(to).getTime() - Date.parse(from));
}
