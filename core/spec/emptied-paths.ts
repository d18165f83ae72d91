import { quoted } from '../text.ts';
import { valueAt } from './field-path.ts';
import type { Outline } from './outline.ts';
import { type SpecError, specError } from './spec-errors.ts';

/**
 * Paths that are gone or emptied when a step has ended, so that no layer holds what differs by run or machine
 * (containers/builder/layers/normalise.ts): a file of the spec would be written there in vain.
 */
interface EmptiedPaths {
  readonly pattern: RegExp;
  readonly what: string;
  readonly remedy: string;
}

const folders: EmptiedPaths = {
  pattern: /^\/(?:tmp|var\/tmp|var\/lib\/apt\/lists|var\/log\/journal)\/./,
  what: 'this folder is emptied after each step',
  remedy: 'Choose a path that lasts; make what is in /tmp at boot by a line in /etc/tmpfiles.d.',
};

const files: readonly EmptiedPaths[] = [
  folders,
  {
    pattern: /^\/var\/cache\/(?:apt|man)\/./,
    what: 'files of this cache are removed after each step',
    remedy: 'Choose a path that lasts.',
  },
  {
    pattern: /^\/etc\/[^/]*-$/,
    what: 'files of /etc whose names end in `-` are backups, which no image keeps',
    remedy: 'Choose a name that does not end in `-`.',
  },
  {
    pattern: /^\/etc\/ssl\/(?:private\/ssl-cert-snakeoil\.key|certs\/ssl-cert-snakeoil\.pem)$/,
    what: 'what the package ssl-cert makes under this name would be the same on all machines, so no image keeps it',
    remedy: 'Choose another name.',
  },
  {
    pattern:
      /^\/var\/(?:cache\/ldconfig\/aux-cache|(?:cache\/debconf|lib\/dpkg)\/[^/]*-old|lib\/(?:systemd|urandom)\/random-seed|lib\/systemd\/credential\.secret)$/,
    what: 'each machine makes this file by itself, so no image keeps it',
    remedy: 'Leave it out.',
  },
];

const logs: EmptiedPaths = {
  pattern: /^\/var\/log\/./,
  what: 'logs are emptied after each step',
  remedy: 'Leave the content empty, or choose a path outside /var/log.',
};

/** Home folders whose files no image would hold, or hold empty. */
function homeErrors({ users }: Outline): SpecError[] {
  return users.flatMap((user, index) => {
    const home = user?.home;
    const rule =
      home === undefined ? undefined : [...files, logs].find(({ pattern }) => pattern.test(`${home}/.profile`));
    if (home === undefined || rule === undefined) return [];
    const reason = `the files of ${quoted(home)} would be made in vain: ${rule.what}`;
    const remedy = 'Choose a folder that lasts, such as one below /home.';
    return specError(['users', index, 'home'], { code: 'spec.path_forbidden', reason, remedy });
  });
}

/** Files, folders and homes of a spec that no image would hold, or hold empty. */
export function emptiedPathErrors(input: unknown, outline: Outline): SpecError[] {
  const errorsOf = (list: 'files' | 'directories', rulesOf: (index: number) => readonly EmptiedPaths[]) =>
    outline[list].flatMap((entry, index) => {
      const path = entry?.path;
      if (path === undefined) return [];
      const rule = rulesOf(index).find(({ pattern }) => pattern.test(path));
      if (rule === undefined) return [];
      const reason = `${quoted(path)} would be made in vain: ${rule.what}`;
      return specError([list, index, 'path'], { code: 'spec.path_forbidden', reason, remedy: rule.remedy });
    });
  const isEmpty = (index: number) =>
    ['content', 'base64'].some((member) => valueAt(input, ['files', index, member]) === '');
  return [
    ...errorsOf('directories', () => [folders]),
    ...errorsOf('files', (index) => (isEmpty(index) ? files : [...files, logs])),
    ...homeErrors(outline),
  ];
}
