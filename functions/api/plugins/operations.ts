import type { Operation } from '../../shared/operation.ts';
import { disablePlugin } from './disable-plugin.ts';
import { enablePlugin } from './enable-plugin.ts';
import { grantPlugin } from './grant-plugin.ts';
import { listPluginHearings } from './list-hearings.ts';
import { listPlugins } from './list-plugins.ts';
import { putPlugin } from './put-plugin.ts';
import { readPlugin } from './read-plugin.ts';
import { readPluginVersion } from './read-version.ts';
import { removePlugin } from './remove-plugin.ts';
import { revokePlugin } from './revoke-plugin.ts';
import { tellPluginAgain } from './tell-again.ts';

export const pluginOperations: readonly Operation[] = [
  listPlugins,
  readPlugin,
  readPluginVersion,
  putPlugin,
  enablePlugin,
  disablePlugin,
  grantPlugin,
  revokePlugin,
  removePlugin,
  listPluginHearings,
  tellPluginAgain,
];
