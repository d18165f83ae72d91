import { afterAll, beforeAll } from 'vitest';
import { createPluginRunner } from '../../adapters/quickjs/plugin-runner.ts';
import { bundleSandbox } from '../adapters/quickjs/bundled-sandbox.ts';
import { archive } from '../core/plan/plan-fixtures.ts';
import { type OpenedApi, openApiOver } from './callers.ts';
import { type ControlPlane, openControlPlane } from './control-plane.ts';

/**
 * A control plane that runs plugins in the real sandbox, with its API: one for all tests of a file.
 * @param opened told of both before the tests
 */
export function usePluginPlane(opened: (plane: ControlPlane, api: OpenedApi) => void): void {
  const { sandboxFile, remove } = bundleSandbox();
  let plane: ControlPlane | undefined;
  let api: OpenedApi | undefined;
  beforeAll(async () => {
    plane = await openControlPlane(archive, {}, { plugins: createPluginRunner({ parallel: 2, sandboxFile }) });
    api = await openApiOver(plane.ports);
    opened(plane, api);
  });
  afterAll(async () => {
    await api?.close();
    await plane?.close();
    remove();
  });
}
