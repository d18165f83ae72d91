import { quoted } from '../text.ts';
import { type Foreign, memberOf } from './foreign.ts';
import { debianPackage, groupPackages } from './package-names.ts';
import { changed, type Scope } from './rules.ts';

const install = ['packages', 'install'] as const;

/** What cannot be asked of apt by name; undefined of a name. */
function patternReason(name: string): string | undefined {
  if (/[*?[\]~]/.test(name)) return `${quoted(name)} is a pattern: name each package in \`packages.install\``;
  if (name.startsWith('/'))
    return `${quoted(name)} is a file: name the package that has it, which \`apt-file search\` finds`;
  if (name.includes('(')) return `${quoted(name)} is something that packages provide: name the package`;
  return undefined;
}

/** Puts a package of an RPM distribution by the name that it has here. */
export function putRpm(name: string, node: Foreign, { draft, document }: Scope): void {
  if (name === 'firewalld' && memberOf(memberOf(document, 'customizations'), 'firewall') !== undefined) {
    draft.say(node, 'changed', '`firewall` is by nftables, whose package is installed for it');
    return;
  }
  if (name.startsWith('@')) {
    putRpmGroup(name, node, draft);
    return;
  }
  const pattern = patternReason(name);
  if (pattern !== undefined) {
    draft.say(node, 'dropped', pattern);
    return;
  }
  const known = debianPackage(name);
  if (known === '') {
    draft.say(node, 'dropped', `nothing of ${quoted(name)} is of use here: it is for RPM systems`);
    return;
  }
  if (known !== undefined) {
    draft.add(install, known, node, changed(`${name} is called ${known} here`));
    return;
  }
  const lower = name.toLowerCase().replaceAll('_', '-');
  const devel = /^([a-z0-9+.-]+)-devel$/.exec(lower)?.[1];
  if (devel !== undefined) {
    const here = devel.startsWith('lib') ? `${devel}-dev` : `lib${devel}-dev`;
    draft.add(
      install,
      here,
      node,
      changed(`${name} should be called ${here} here: check it with \`apt-cache search\``),
    );
  } else if (lower !== name) {
    draft.add(
      install,
      lower,
      node,
      changed(`names have lower-case letters and no \`_\` here: check it with \`apt-cache search\``),
    );
  } else {
    draft.add(install, name, node, {
      note: 'under the same name, which may be another here: check it with `apt-cache policy`',
    });
  }
}

function putRpmGroup(name: string, node: Foreign, draft: Scope['draft']): void {
  const packages = groupPackages(name);
  if (packages === undefined) {
    const note = `the group ${quoted(name)} has no counterpart: name its packages in \`packages.install\``;
    draft.say(node, 'dropped', note);
  } else if (packages.length === 0) {
    draft.say(node, 'taken', 'the minimal system is what an image begins with');
  } else {
    for (const one of packages) draft.add(install, one, node, changed(`instead of the group: ${packages.join(', ')}`));
  }
}

/** Puts a group of packages. */
export function putGroupName(name: string, node: Foreign, { draft }: Scope): void {
  putRpmGroup(name, node, draft);
}

/** Puts the version of an RPM, which numbers nothing here. */
export function putRpmVersion(version: string, node: Foreign, { draft }: Scope): void {
  if (version === '' || version === '*') {
    draft.say(node, 'taken', 'any version is what is meant anyway');
    return;
  }
  const name = memberOf(node.parent, 'name')?.value;
  const of = typeof name === 'string' ? ` of ${quoted(name)}` : '';
  draft.say(node, 'dropped', `versions${of} are others here: choose one with \`packages.pins\``);
}

/** The list that a package is named in. */
export type PackageList = 'install' | 'remove';

/**
 * Puts a package as apt is asked for it: NAME, NAME=VERSION, NAME/RELEASE or NAME:ARCHITECTURE.
 */
export function putApt(spec: string, node: Foreign, { draft }: Scope, list: PackageList = 'install'): void {
  const pattern = patternReason(spec.split('=')[0] ?? '');
  if (pattern !== undefined) {
    draft.say(node, 'dropped', pattern);
    return;
  }
  const [, name = '', architecture, mark, choice = ''] =
    /^([^=/:]*)(:[^=/]*)?(?:([=/])(.*))?$/.exec(spec) ?? ([spec, spec] as const);
  const at = ['packages', list] as const;
  if (architecture !== undefined) {
    draft.say(node, 'dropped', `${quoted(spec)} names an architecture: all packages are of the image's own`);
    return;
  }
  if (list === 'remove') {
    draft.add(at, name, node, mark === undefined ? {} : changed('whatever its version is'));
    return;
  }
  draft.add(at, name, node, mark === undefined ? {} : changed('the version is asked for by a pin'));
  if (mark === undefined) return;
  const pin = ['packages', 'pins', draft.named(['packages', 'pins'], name)] as const;
  draft.put([...pin, 'package'], name, node, { fate: 'changed' });
  draft.put([...pin, mark === '=' ? 'version' : 'release'], choice, node, { fate: 'changed' });
  draft.put([...pin, 'priority'], 1_001, node, { fate: 'changed' });
}
