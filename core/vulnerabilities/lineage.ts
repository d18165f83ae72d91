import { digestOf } from '../digest.ts';

/** What an image goes by, whatever it is made of at some time. */
interface Named {
  readonly name: string;
  readonly teamId?: string | undefined;
  /** Absent: it is older than this member, and of a lineage of its own. */
  readonly base?:
    | { readonly distribution: string; readonly release: string; readonly architecture: string }
    | undefined;
}

/**
 * The images of a tenant that follow upon one another: of the same name, team, release and architecture. The newest of
 * them is in use, and those before it are of the past.
 */
export function lineageOf({ name, teamId, base }: Named): string {
  const on = base === undefined ? null : [base.distribution, base.release, base.architecture];
  return digestOf({ name, team: teamId ?? null, on });
}
