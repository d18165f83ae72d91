import type { InspectedTree } from '../inspected-tree.ts';
import { linesOf, type Placed } from './place.ts';

/** A module of a stack of PAM, with its arguments. */
export interface PamModule {
  readonly type: 'auth' | 'account' | 'password' | 'session';
  readonly control: string;
  /** `pam_unix.so`, without its folder. */
  readonly module: string;
  readonly arguments: readonly string[];
  readonly place: string;
}

/** Files that one stack takes in; a circle of includes ends here. */
const mostIncludes = 40;

const moduleLine = /^-?(auth|account|password|session)\s+(\[[^\]]*\]|\S+)\s+(\S+)(?:\s+(.*))?$/i;

/** The modules of a service’s file and of those that it includes, in their order (pam.conf(5)). */
export function readPam(tree: InspectedTree, service: string): PamModule[] {
  const modules: PamModule[] = [];
  let files = 0;
  const read = (path: string, only?: string): void => {
    files += 1;
    if (files > mostIncludes) return;
    for (const { text, place } of linesOf(path, tree.text(path) ?? '')) {
      const [, whole] = /^@include\s+(\S+)/.exec(text) ?? [];
      if (whole !== undefined) {
        read(`etc/pam.d/${whole}`, only);
        continue;
      }
      const [, type = '', control = '', module = '', rest = ''] = moduleLine.exec(text) ?? [];
      const kind = type.toLowerCase() as PamModule['type'];
      if (type === '' || (only !== undefined && kind !== only)) continue;
      if (/^(?:include|substack)$/i.test(control)) read(`etc/pam.d/${module}`, kind);
      else {
        const words = rest.match(/\[[^\]]*\]|\S+/g) ?? [];
        modules.push({ type: kind, control, module: module.split('/').at(-1) ?? '', arguments: words, place });
      }
    }
  };
  read(`etc/pam.d/${service}`);
  return modules;
}

/** The value of `name=value` among a module’s arguments, the last that stands; `''` of a flag. */
export function pamArgument(module: PamModule, name: string): Placed | undefined {
  const found = module.arguments.findLast((word) => word === name || word.startsWith(`${name}=`));
  return found === undefined ? undefined : { value: found.slice(name.length + 1), place: module.place };
}
