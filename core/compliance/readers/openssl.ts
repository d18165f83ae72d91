import type { InspectedTree } from '../inspected-tree.ts';
import { linesOf, type Placed } from './place.ts';

/**
 * The oldest version of TLS that OpenSSL’s programs speak by `/etc/ssl/openssl.cnf`: MinProtocol of the section that
 * openssl_conf → ssl_conf → system_default leads to (config(5)). Undefined where nothing says it.
 */
export function minimumTls(tree: InspectedTree): Placed | undefined {
  const path = 'etc/ssl/openssl.cnf';
  const sections = new Map<string, Map<string, Placed>>([['default', new Map()]]);
  let current = 'default';
  for (const { text, place } of linesOf(path, tree.text(path) ?? '')) {
    const header = /^\[\s*([^\]]+?)\s*\]/.exec(text)?.[1];
    if (header !== undefined) {
      current = header;
      if (!sections.has(current)) sections.set(current, new Map());
      continue;
    }
    const [, name = '', value = ''] = /^([^=]+?)\s*=\s*(.*?)(?:\s+#.*)?$/.exec(text) ?? [];
    if (name !== '') sections.get(current)?.set(name, { value, place });
  }
  let section = 'default';
  for (const name of ['openssl_conf', 'ssl_conf', 'system_default']) {
    const next = sections.get(section)?.get(name)?.value;
    if (next === undefined) return undefined;
    section = next;
  }
  const found = sections.get(section);
  return found?.get('MinProtocol') ?? found?.get('TLS.MinProtocol');
}
