import { quoted } from '../text.ts';
import type { DraftPath } from './draft.ts';
import { childrenOf, type Foreign, memberOf } from './foreign.ts';
import { putApt } from './packages.ts';
import { changed, custom, flag, given, none, object, type Rule, type Scope, text } from './rules.ts';
import { specName } from './texts.ts';

function putEntry(node: Foreign, scope: Scope): void {
  const { value } = node;
  if (typeof value === 'string') {
    putApt(value, node, scope);
    return;
  }
  if (Array.isArray(value)) {
    const [name, version] = value.map((one) => (typeof one === 'number' ? String(one) : one));
    if (typeof name !== 'string' || !(version === undefined || typeof version === 'string') || value.length > 2) {
      scope.draft.say(node, 'dropped', 'NAME, or [NAME, VERSION] belongs here');
      return;
    }
    const first = childrenOf(node)[0] ?? node;
    if (version === undefined) {
      putApt(name, first, scope);
      return;
    }
    putApt(`${name}=${version}`, node, scope);
    return;
  }
  const managers = childrenOf(node);
  if (managers.length === 0) {
    scope.draft.say(node, 'dropped', 'the name of a package belongs here');
    return;
  }
  for (const manager of managers) {
    const name = String(manager.path.at(-1));
    if (name !== 'apt') scope.draft.say(manager, 'dropped', `${quoted(name)} is not used: packages come by apt`);
    else if (Array.isArray(manager.value)) for (const one of childrenOf(manager)) putEntry(one, scope);
    else putEntry(manager, scope);
  }
}

/** `packages`. */
export const packagesRule: Rule = custom('`packages.install`; a version is a pin, snaps have none', (node, scope) => {
  if (Array.isArray(node.value) && node.value.length > 0) for (const one of childrenOf(node)) putEntry(one, scope);
  else if (Array.isArray(node.value)) scope.draft.say(node, 'taken', 'nothing is named');
  else putEntry(node, scope);
});

/** A line of sources.list(5): its options, address, suite and components. */
const sourceLine = /^\s*deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)((?:\s+\S+)*)\s*$/;

function putSource(node: Foreign, scope: Scope): void {
  const { draft } = scope;
  const source = memberOf(node, 'source');
  const name = specName(String(node.path.at(-1)).replace(/\.(?:list|sources)$/, '')) ?? 'archive';
  const at: DraftPath = ['archives', draft.named(['archives'], name)];
  const [, options, url = '', suite = '', rest = ''] =
    typeof source?.value === 'string' ? (sourceLine.exec(source.value) ?? []) : [];
  for (const child of childrenOf(node)) {
    const key = String(child.path.at(-1));
    if (key === 'source') {
      if (url === '' || /\$(?:MIRROR|SECURITY|PRIMARY)/.test(url)) {
        const isPpa = typeof child.value === 'string' && child.value.startsWith('ppa:');
        const why = isPpa ? 'a PPA is named by its address' : 'a line `deb ADDRESS SUITE COMPONENTS` belongs here';
        draft.say(child, 'dropped', `${why}: write it in \`archives\`, with its key`);
        continue;
      }
      const release = String(draft.find(['base', 'release'])?.value);
      const fills = /\$RELEASE/.test(suite) ? `$RELEASE is ${release}` : '';
      const note =
        options === undefined
          ? fills
          : 'without its options: the key is that of `key`, the architecture that of the image';
      const told = note === '' ? {} : changed(note);
      draft.put([...at, 'name'], name, child, told);
      draft.put([...at, 'url'], url, child, told);
      draft.add([...at, 'suites'], suite.replaceAll('$RELEASE', release), child, told);
      for (const one of rest.split(/\s+/)) if (one !== '') draft.add([...at, 'components'], one, child, told);
    } else if (key === 'key' && typeof child.value === 'string') {
      draft.put([...at, 'key'], `${child.value.trim().replaceAll(/[\t ]*\r?\n[\t ]*/g, '\n')}\n`, child);
    } else if (key === 'keyid' || key === 'keyserver') {
      draft.say(child, 'dropped', 'keys are not fetched: give the key itself in `archives[].key`');
    } else if (key === 'filename') draft.say(child, 'taken', `the file is named after the archive, ${name}`);
    else draft.say(child, 'dropped', 'lbuild knows no such key here');
  }
  if (childrenOf(node).length === 0) draft.say(node, 'dropped', 'an object belongs here');
}

const sources: Rule = {
  says: '',
  items: {
    says: '',
    members: {
      source: text('`archives[].url`, `suites` and `components`', () => undefined),
      key: text('`archives[].key`', () => undefined),
      keyid: none('keys are not fetched: give the key itself in `archives[].key`'),
      keyserver: none('keys are not fetched: give the key itself in `archives[].key`'),
      filename: given('the file is named after the archive'),
    },
    read: putSource,
  },
  read: (node, scope) => {
    if (childrenOf(node).length === 0) scope.draft.say(node, 'dropped', 'an object belongs here');
    for (const one of childrenOf(node)) putSource(one, scope);
  },
};

const mirror = 'the archive of the distribution is the operator’s; `archives` adds others';
const proxy =
  'builders reach archives as the operator has them do: write /etc/apt/apt.conf.d in `files` for the machine';
const aptFile = '/etc/apt/apt.conf.d/94cloud-init-config';

/** `apt`. */
export const aptRule: Rule = object({
  sources,
  conf: text(`\`files[]\`: ${aptFile}`, (value, node, { draft }) => {
    const at = ['files', draft.named(['files'], aptFile)] as const;
    draft.put([...at, 'path'], aptFile, node);
    draft.put([...at, 'content'], value, node, changed('for the machine alone: builders use their own'));
  }),
  primary: none(mirror),
  security: none(mirror),
  sources_list: none(mirror),
  disable_suites: none(mirror),
  preserve_sources_list: none(mirror),
  add_apt_repo_match: none(mirror),
  debconf_selections: none('answers of debconf are not set: write the files of the package, or a script of `steps`'),
  proxy: none(proxy),
  http_proxy: none(proxy),
  https_proxy: none(proxy),
  ftp_proxy: none(proxy),
});

export const packageRules: Readonly<Record<string, Rule>> = {
  package_update: flag('needs none: a build reads the lists anew', (_value, node, { draft }) => {
    draft.say(node, 'taken', 'a build reads the lists of packages anew');
  }),
  apt_update: given('a build reads the lists of packages anew'),
  package_upgrade: flag('needs none: a build takes the newest packages', (_value, node, { draft }) => {
    draft.say(node, 'taken', 'a build takes the newest packages of the archive; `updates` keeps machines so');
  }),
  apt_upgrade: given('a build takes the newest packages of the archive; `updates` keeps machines so'),
  package_reboot_if_required: none('an image is not running: `updates.automaticReboot` is what machines do'),
  apt_reboot_if_required: none('an image is not running: `updates.automaticReboot` is what machines do'),
  packages: packagesRule,
  apt: aptRule,
};
