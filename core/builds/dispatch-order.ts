/** What the dispatcher must know of a build. */
export interface DispatchedBuild {
  /** Ids sort by submission. */
  readonly id: string;
  readonly tenantId: string;
  /** A warming starts only where nothing else waits. */
  readonly purpose?: 'warm' | 'verify' | undefined;
}

/** How many builds may run at once. */
export interface DispatchLimits {
  readonly installation: number;
  /** Of one tenant. */
  readonly tenant: number;
}

/**
 * Which of the queued builds start now: the oldest first, until a limit is reached. A tenant at its limit is passed
 * over, so that its queue holds up nobody else's. Warmings come last, and only where every other build starts.
 * @param queued in the order of their ids
 */
export function buildsToStart<Build extends DispatchedBuild>(
  queued: Iterable<Build>,
  running: Iterable<DispatchedBuild>,
  limits: DispatchLimits,
): Build[] {
  const ofTenant = new Map<string, number>();
  let total = 0;
  for (const { tenantId } of running) {
    ofTenant.set(tenantId, (ofTenant.get(tenantId) ?? 0) + 1);
    total += 1;
  }
  const due: Build[] = [];
  const startAll = (builds: readonly Build[]): boolean => {
    const before = due.length;
    for (const build of builds) {
      if (total >= limits.installation) break;
      const own = ofTenant.get(build.tenantId) ?? 0;
      if (own >= limits.tenant) continue;
      ofTenant.set(build.tenantId, own + 1);
      total += 1;
      due.push(build);
    }
    return due.length - before === builds.length;
  };
  const builds = [...queued];
  if (startAll(builds.filter(({ purpose }) => purpose !== 'warm'))) {
    startAll(builds.filter(({ purpose }) => purpose === 'warm'));
  }
  return due;
}
