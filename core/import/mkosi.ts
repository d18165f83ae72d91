import { quoted } from '../text.ts';
import { putBase, releaseOf, sayBase } from './base.ts';
import { architectureOf } from './blueprint.ts';
import { putArguments } from './blueprint-customizations.ts';
import type { DraftPath } from './draft.ts';
import { childrenOf, type Foreign, memberOf } from './foreign.ts';
import { many, single, singleFlag } from './mkosi-keys.ts';
import { conditions, otherKeys } from './mkosi-none.ts';
import { putApt, putRpm } from './packages.ts';
import { putHash, putPlainPassword } from './passwords.ts';
import { changed, none, type Rule, type Scope, top } from './rules.ts';
import { putKeyboard, putLocale, putSpecName, readFlag } from './texts.ts';

/** Distributions whose packages have the names of Debian. */
const aptDistributions = ['debian', 'ubuntu', 'kali'];

/** The last assignment of a key, in whatever section it stands: mkosi has moved keys between them. */
function lastOf(document: Foreign, key: string): string | undefined {
  const lines = settingSections(document).flatMap((section) => {
    const node = memberOf(section, key);
    return node === undefined ? [] : childrenOf(node);
  });
  const value = lines.at(-1)?.value;
  return typeof value === 'string' && value !== '' ? value.toLowerCase() : undefined;
}

const isApt = ({ document }: Scope): boolean => {
  const distribution = lastOf(document, 'Distribution');
  return distribution === undefined || aptDistributions.includes(distribution);
};

function putPackage(value: string, node: Foreign, scope: Scope): void {
  if (isApt(scope)) putApt(value, node, scope);
  else putRpm(value, node, scope);
}

/** What the formats of mkosi are here. */
const formats: Readonly<Record<string, string>> = { disk: 'raw', tar: 'tar', directory: 'tar', oci: 'oci' };

const outputPlace = ({ draft }: Scope): DraftPath => ['outputs', draft.named(['outputs'], 'image')];

const format = single('`outputs[].type`: disk is raw, directory is tar', (value, node, scope) => {
  const here = Object.hasOwn(formats, value) ? formats[value] : undefined;
  if (here === undefined) {
    return scope.draft.say(node, 'dropped', `no output is a ${quoted(value)}: name one in \`outputs\``);
  }
  scope.draft.require(
    [...outputPlace(scope), 'type'],
    here,
    node,
    here === value ? {} : changed(`${value} is called ${here} here`),
  );
  return undefined;
});

const compression = single('`outputs[].compression` of oci', (value, node, scope) => {
  const isOci = lastOf(scope.document, 'Format') === 'oci';
  if (isOci) scope.draft.put([...outputPlace(scope), 'compression'], value, node);
  else scope.draft.say(node, 'dropped', 'how an output is compressed follows from its type');
});

const removeFile = many('`remove[]`; patterns have none', ',', (value, node, { draft }) => {
  if (/[*?[]/.test(value)) {
    return draft.say(node, 'dropped', `${quoted(value)} is a pattern: a script of \`steps\` removes what it matches`);
  }
  const path = `/${value.replace(/^\/+/, '').replace(/\/+$/, '')}`;
  const at = ['remove', draft.named(['remove'], path)] as const;
  draft.put([...at, 'path'], path, node, path === value ? {} : changed('as an absolute path'));
  draft.put([...at, 'ifPresent'], true, node);
  return undefined;
});

const rootPassword = single('`rootAccount.passwordHash`; in clear it is hashed', (value, node, scope) => {
  const account = ['rootAccount'];
  if (value === 'hashed:') scope.draft.say(node, 'dropped', 'no account opens without a password here');
  else if (value.startsWith('hashed:')) putHash(value.slice('hashed:'.length), node, scope, account);
  else putPlainPassword(value, node, scope, account);
});

/** What agetty is told to log root in at the first console. */
const autologin = {
  path: '/etc/systemd/system/getty@tty1.service.d/autologin.conf',
  content:
    "[Service]\nExecStart=\nExecStart=-/sbin/agetty -o '-f -- \\\\u' --noclear --keep-baud --autologin root - 115200,38400,9600 $TERM\n",
} as const;

/** Keys that have a counterpart, by the section that mkosi has them in today. */
const sections: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  Distribution: {
    Distribution: single('`base.distribution`: debian or ubuntu', (value, node, scope) => {
      const known = ['debian', 'ubuntu'].find((one) => one === value.toLowerCase());
      sayBase('distribution', known, value, node, scope);
    }),
    Release: single('`base.release`', (value, node, scope) => sayBase('release', releaseOf(value), value, node, scope)),
    Architecture: single('`base.architecture`', (value, node, { draft, settings }) => {
      const here = architectureOf(value);
      const wanted = settings.architecture;
      if (here === undefined)
        draft.say(node, 'dropped', `images are made for amd64 and arm64, not for ${quoted(value)}`);
      else if (wanted !== undefined && wanted !== here) draft.say(node, 'dropped', `--architecture says ${wanted}`);
      else
        draft.require(
          ['base', 'architecture'],
          here,
          node,
          here === value ? {} : changed(`${value} is called ${here} here`),
        );
    }),
    Snapshot: single('`base.snapshot`', top('base', 'snapshot')),
  },
  Output: {
    Format: format,
    ImageId: single('`name`', putSpecName),
    Output: single('`name`, where there is no ImageId', (value, node, scope) => {
      if (lastOf(scope.document, 'ImageId') === undefined) putSpecName(value, node, scope);
      else scope.draft.say(node, 'dropped', 'files are named after the spec');
    }),
    CompressOutput: compression,
  },
  Content: {
    Packages: many('`packages.install`; a version is a pin', ',', putPackage),
    VolatilePackages: many('`packages.install`', ',', putPackage),
    RemovePackages: many('`packages.remove`', ',', (value, node, scope) => {
      if (isApt(scope)) putApt(value, node, scope, 'remove');
      else
        scope.draft.say(node, 'dropped', `${quoted(value)} need not be removed from a system of another distribution`);
    }),
    WithRecommends: singleFlag('`packages.recommends`', top('packages', 'recommends')),
    WithDocs: singleFlag('true needs none', (value, node, { draft }) => {
      if (value) draft.say(node, 'taken', 'packages come whole');
      else draft.say(node, 'dropped', 'packages come whole: name /usr/share/doc and the like in `remove`');
    }),
    RemoveFiles: removeFile,
    KernelCommandLine: many('`kernel.cmdline`', ' ', (value, node, scope) => {
      if (/^root=|^mount\.usr=/.test(value))
        scope.draft.say(node, 'dropped', `${value}: each output finds its own root`);
      else putArguments(value, node, scope);
    }),
    Locale: single('`system.locale`', putLocale),
    Keymap: single('`system.keyboard`', putKeyboard),
    Timezone: single('`system.timezone`', top('system', 'timezone')),
    Hostname: single('`system.hostname`', top('system', 'hostname')),
    RootPassword: rootPassword,
    Autologin: singleFlag('a file of `files` for the first console', (value, node, { draft }) => {
      if (!value) return draft.say(node, 'taken', 'nobody is logged in by itself');
      const at = ['files', draft.named(['files'], autologin.path)] as const;
      const told = changed('a file has agetty log root in at tty1, and at no other console');
      draft.put([...at, 'path'], autologin.path, node, told);
      draft.put([...at, 'content'], autologin.content, node, told);
      return undefined;
    }),
    Bootable: single('needs none: disks boot', (value, node, { draft }) => {
      if (/^auto$/i.test(value) || readFlag(value) === true) draft.say(node, 'taken', 'an output that is a disk boots');
      else draft.say(node, 'changed', 'an output that is a disk boots all the same');
    }),
    Bootloader: single('grub needs none', (value, node, { draft }) => {
      if (value === 'grub') draft.say(node, 'taken', 'the boot loader is GRUB, by the engine');
      else draft.say(node, 'dropped', `the boot loader is GRUB, by the engine, not ${quoted(value)}`);
    }),
    BiosBootloader: single('grub needs none', (value, node, { draft }) => {
      if (value === 'grub') draft.say(node, 'taken', 'disks for amd64 boot with BIOS too');
      else draft.say(node, 'changed', 'disks for amd64 boot with BIOS all the same');
    }),
  },
};

const ruleGroups: Readonly<Record<string, Readonly<Record<string, Rule>>>> = Object.fromEntries(
  [...new Set([...Object.keys(sections), ...Object.keys(otherKeys)])].map((section) => [
    section,
    {
      ...sections[section],
      ...Object.fromEntries(Object.entries(otherKeys[section] ?? {}).map(([key, reason]) => [key, none(reason)])),
    },
  ]),
);

/** Keys of mkosi.conf by their sections, for the table of the documentation, and what becomes of each. */
export const mkosiRule: Rule = {
  says: '',
  members: Object.fromEntries(
    Object.entries(ruleGroups).map(([section, members]) => [section, { says: '', members, read: () => undefined }]),
  ),
  read(document, scope) {
    const sectionNodes = settingSections(document);
    for (const [key, rule] of Object.values(ruleGroups).flatMap((group) => Object.entries(group))) {
      // A default that a command line may replace has an @ before its key in older versions.
      for (const node of sectionNodes.flatMap(
        (section) => memberOf(section, key) ?? memberOf(section, `@${key}`) ?? [],
      )) {
        rule.read(node, scope);
      }
    }
    for (const section of childrenOf(document)) {
      const reason = conditions[String(section.path[0])];
      if (reason !== undefined && Object.hasOwn(conditions, String(section.path[0])))
        scope.draft.say(section, 'dropped', reason);
    }
  },
};

/** The sections that have settings of mkosi's; those of conditions have the same keys, which set nothing. */
function settingSections(document: Foreign): Foreign[] {
  return childrenOf(document).filter((section) => Object.hasOwn(ruleGroups, String(section.path[0])));
}

/** Reads a mkosi.conf, given as its sections, their keys, and the lines of each. */
export function readMkosi(document: Foreign, scope: Scope): void {
  putBase(scope, { distribution: lastOf(document, 'Distribution'), release: lastOf(document, 'Release') });
  mkosiRule.read(document, scope);
  const at = outputPlace(scope);
  scope.draft.assume([...at, 'type'], 'raw', 'what mkosi makes where it is told nothing: a disk', true);
}
