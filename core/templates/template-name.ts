const reference = /^([a-z][a-z0-9-]{0,62}|tpl_[0-9A-Z]{26})(?:@([1-9][0-9]{0,5}))?$/;

/** Reads `name`, `name@version`, `id` or `id@version`; undefined where it is none of them. */
export function readReference(text: string): { readonly template: string; readonly version?: number } | undefined {
  const [, template, version] = reference.exec(text) ?? [];
  if (template === undefined) return undefined;
  return { template, ...(version === undefined ? {} : { version: Number(version) }) };
}
