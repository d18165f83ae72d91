import jsonata from 'jsonata';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type BuilderTemplate, resourcesOf, synthesize } from './template.ts';

/** The definition of a stack's state machine, with what its substitutions stand for. */
function machineOf(template: BuilderTemplate) {
  const [machine] = [...resourcesOf(template, 'AWS::StepFunctions::StateMachine').values()];
  return z
    .looseObject({ DefinitionString: z.string(), DefinitionSubstitutions: z.record(z.string(), z.json()) })
    .parse(machine?.Properties);
}

describe('the capacity of builders', () => {
  const { template } = synthesize({ spot: 'true' });
  const machine = machineOf(template);

  it.each([
    ['on spare capacity where the attempt asks for it', { run: true, spot: true }, 'FARGATE_SPOT'],
    ['on demand where it does not', { run: true, spot: false }, 'FARGATE'],
    ['on demand where nothing is said', { run: true }, 'FARGATE'],
  ])('is %s', async (_, input, provider) => {
    const text = /"CapacityProvider": "\{% (.*?) %\}"/.exec(machine.DefinitionString)?.[1] ?? '';
    const expression = ['SpotCapacityProvider', 'CapacityProvider'].reduce(
      (part, name) => part.replace(`\${${name}}`, String(machine.DefinitionSubstitutions[name])),
      text,
    );
    expect(await jsonata(expression).evaluate(undefined, { states: { input } })).toBe(provider);
  });

  it('is there: the cluster has both, and every function knows whether to ask', () => {
    const [cluster] = [...resourcesOf(template, 'AWS::ECS::ClusterCapacityProviderAssociations').values()];
    expect(cluster?.Properties.CapacityProviders).toEqual(expect.arrayContaining(['FARGATE', 'FARGATE_SPOT']));
    const functions = JSON.stringify([...resourcesOf(template, 'AWS::Lambda::Function').values()]);
    expect(functions).toContain('"LBUILD_SPOT":"true"');
    expect(functions).not.toContain('"LBUILD_SPOT":"false"');
  });

  it('is one and the same on Managed Instances', () => {
    const managed = machineOf(
      synthesize({ capacity: 'managed-instances', singleTenant: 'true', nat: 'true' }).template,
    );
    const { CapacityProvider, SpotCapacityProvider } = managed.DefinitionSubstitutions;
    expect(SpotCapacityProvider).toEqual(CapacityProvider);
  });
});
