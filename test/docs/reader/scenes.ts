import type { Desk } from './desk.ts';
import type { Scene } from './scene.ts';
import { accessScenes } from './scenes/access.ts';
import { buildScenes } from './scenes/builds.ts';
import { cloneScenes } from './scenes/clone.ts';
import { deploymentScene } from './scenes/deployment.ts';
import { runningScenes } from './scenes/running.ts';
import { useScenes } from './scenes/use.ts';

/** The documents whose commands `npm test` runs, against an engine of the test's own. */
export const scenes: readonly Scene[] = [
  ...accessScenes,
  ...useScenes,
  ...buildScenes,
  ...runningScenes,
  deploymentScene,
];

/** Those that `npm run test:images` runs in a clone, which need more time, or change the clone. */
export const scenesOfClone: readonly Scene<Desk>[] = cloneScenes;

/** Commands that no test runs, each with the reason. */
export const unrun: Readonly<Record<string, string>> = {
  'npm test': 'it is the run that looks at this',
  'npm run test:images': 'it is the run that the scenes of a clone are part of',
  'scripts/test-build-lifecycle.sh': 'test/system/integrations runs it, where it has an engine',
  'npm install @linuxbuilder/sdk': 'test/sdk installs the package as `npm pack` makes it, in an empty project',
};
