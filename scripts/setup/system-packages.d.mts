/** A package that must be there. */
export interface PackageWish {
  readonly name: string;
  readonly why: string;
  /** Succeeds where the thing is there, whatever brought it. */
  readonly shown: readonly string[];
  /** The oldest version that will do. */
  readonly atLeast?: string;
  /** It need not come from this package. */
  readonly anyProvider?: boolean;
}

/** Runs a command and answers its output; undefined where it fails. */
type Query = (argv: readonly string[]) => string | undefined;

export const enginePackages: readonly PackageWish[];
export const testPackages: readonly PackageWish[];
export const benchPackages: readonly Pick<PackageWish, 'name' | 'why'>[];
export function missingPackages(wanted: readonly PackageWish[], query?: Query): PackageWish[];
export function missingTools(wanted: readonly PackageWish[], query?: Query): PackageWish[];
export function ensureSystemPackages(wanted: readonly PackageWish[]): void;
