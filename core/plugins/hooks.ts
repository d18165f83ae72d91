/**
 * What a plugin can be asked, by the name of the function that its module exports. transformSpec: before a spec is
 * checked. validateSpec: with the engine's own checks. planPolicy: when the plan is there, before the gates. onEvent:
 * after the fact.
 */
export const pluginHooks = ['transformSpec', 'validateSpec', 'planPolicy', 'onEvent'] as const;
export type PluginHook = (typeof pluginHooks)[number];
