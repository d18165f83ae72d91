export function stop(message: string): never;
export function isRoot(): boolean;
export function osRelease(file?: string): Record<string, string>;
export function isDebianLike(members?: Readonly<Record<string, string>>): boolean;
