import { quoted } from '../text.ts';
import { customizationsRule } from './blueprint-customizations.ts';
import { assumeDisk } from './blueprint-disk.ts';
import { putGroupName, putRpm, putRpmVersion } from './packages.ts';
import { changed, custom, given, list, none, object, type Rule, text } from './rules.ts';
import { putSpecName } from './texts.ts';

/** Architectures by the names that RPM and others have for them. */
const architectureNames = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
} as const;

/** The architecture that a name of another distribution means; undefined where none here does. */
export function architectureOf(name: string): 'amd64' | 'arm64' | undefined {
  return Object.entries(architectureNames).find(([other]) => other === name.toLowerCase())?.[1];
}

/** Puts the architecture. */
const architecture = text('`base.architecture`', (value, node, { draft, settings }) => {
  const here = architectureOf(value);
  const wanted = settings.architecture;
  if (here === undefined)
    return draft.say(node, 'dropped', `images are made for amd64 and arm64, not for ${quoted(value)}`);
  if (wanted !== undefined && wanted !== here) return draft.say(node, 'dropped', `--architecture says ${wanted}`);
  draft.require(['base', 'architecture'], here, node, here === value ? {} : changed(`${value} is called ${here} here`));
  return undefined;
});

const packages = list(
  object({
    name: text('`packages.install`, by the names of Debian', putRpm),
    version: text('`*` needs none; another has none', putRpmVersion),
  }),
);

const container = none('no containers are put into images: a script of `firstBoot` with `network: true` pulls them');

/** Keys of an osbuild blueprint, as osbuild/blueprint has them. */
export const blueprintRule: Rule = object({
  name: text('`name`', putSpecName),
  description: none('a spec has no description: keep it as a remark in the file'),
  version: none('a spec has no version: builds have ids, and `embedSpec` writes the spec into the image'),
  distro: custom('`base.release`: the default, or `--release`', (node, { draft }) => {
    const release = String(draft.find(['base', 'release'])?.value);
    draft.say(
      node,
      'changed',
      `RPM distributions are not built here: ${release} instead (--release)`,
      draft.find(['base', 'release']),
    );
  }),
  architecture,
  arch: architecture,
  packages,
  modules: packages,
  groups: list(object({ name: text('`packages.install`, by a table of groups', putGroupName) })),
  enabled_modules: none('there are no modules with streams: an archive of `archives` has other versions'),
  containers: list(object({ source: container, name: container, 'tls-verify': container, 'local-storage': container })),
  customizations: customizationsRule,
  minimal: given('the minimal system is what an image begins with'),
});

/** Reads a blueprint: what it is made into stands in no blueprint, so a disk is assumed. */
export const readBlueprint: Rule['read'] = (node, scope) => {
  assumeDisk(scope, 'a blueprint names no output; add or change some');
  blueprintRule.read(node, scope);
};
