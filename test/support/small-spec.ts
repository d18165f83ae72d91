/** A step of a spec, as users write it. */
export interface SmallStep {
  readonly id: string;
  readonly run: string;
  readonly needs?: readonly string[];
  readonly network?: boolean;
  readonly timeoutSeconds?: number;
}

/** A spec that builds in half a minute: the minimal system without a kernel, as tar, with the steps given. */
export function smallSpec(steps: readonly SmallStep[], name = 'small') {
  return {
    schemaVersion: 1 as const,
    name,
    base: { distribution: 'debian' as const, release: 'trixie' as const, architecture: 'amd64' as const },
    steps: steps.map(({ needs, ...step }) => ({ ...step, ...(needs === undefined ? {} : { needs: [...needs] }) })),
    outputs: [{ type: 'tar' as const }],
  };
}
