/** The part of npm's lock files that is compared. */
interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly integrity?: string; readonly optional?: boolean }>
  >;
}

export function nodeOf(project: string): string;
export function isInstalled(lock: LockFile, installed: LockFile): boolean;
export function ensureNodeModules(project: string): void;
