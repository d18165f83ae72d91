import { quoted } from '../../text.ts';
import { type FieldPath, fieldPathText } from '../field-path.ts';
import { base64Refusal } from '../files.ts';
import type { Outline } from '../outline.ts';
import type { Refusal } from '../refusal.ts';
import { unitName } from '../services.ts';
import { type SpecError, specError } from '../spec-errors.ts';
import { type Section, sectionsOf } from './sections.ts';
import { sshInclude, sshPath } from './ssh.ts';

/** A list of the spec whose entries contradict a section that says otherwise of the same name. */
function contradicted(
  names: readonly (string | undefined)[],
  list: FieldPath,
  sections: readonly Section[],
  says: { readonly of: (section: Section) => readonly string[]; readonly what: string },
): SpecError[] {
  return names.flatMap((name, index) => {
    const section = name === undefined ? undefined : sections.find((one) => says.of(one).includes(name));
    if (name === undefined || section === undefined) return [];
    const field = fieldPathText(section.field);
    return specError([...list, index], {
      code: 'spec.contradiction',
      reason: `\`${field}\` ${says.what} ${quoted(name)}, which contradicts this`,
      remedy: `Remove it here, or remove \`${field}\`.`,
    });
  });
}

/** A file that a section writes. */
interface WrittenFile {
  /** The section, as text. */
  readonly field: string;
  readonly path: string;
}

/** Folders where a section writes a file or below one, and removals of what a section writes. */
function folderErrors({ directories, remove }: Outline, written: readonly WrittenFile[]): SpecError[] {
  const found = (paths: Outline['remove'], meets: (file: string, path: string) => boolean) =>
    paths.flatMap((entry, index) => {
      const path = entry?.path;
      const section = path === undefined ? undefined : written.find((file) => meets(file.path, path));
      return section === undefined ? [] : { index, section };
    });
  return [
    ...found(directories, (file, path) => `${path}/`.startsWith(`${file}/`)).map(({ index, section }) =>
      specError(['directories', index, 'path'], {
        code: 'spec.path_conflict',
        reason: `${quoted(section.path)} is a file: \`${section.field}\` writes it`,
        remedy: 'Change the path.',
      }),
    ),
    ...found(remove, (file, path) => `${file}/`.startsWith(`${path}/`)).map(({ index, section }) =>
      specError(['remove', index, 'path'], {
        code: 'spec.contradiction',
        reason: `\`${section.field}\` writes ${quoted(section.path)}, which this takes away again`,
        remedy: `Remove it here, or remove \`${section.field}\`.`,
      }),
    ),
  ];
}

/** Files at a path that a section writes, below one, or above one. */
function fileErrors({ files }: Outline, written: readonly WrittenFile[]): SpecError[] {
  return files.flatMap((file, index) => {
    const path = file?.path;
    if (path === undefined) return [];
    const at = ['files', index, 'path'];
    const errors: SpecError[] = [];
    for (const section of written) {
      if (section.path === path) {
        const reason = `${quoted(path)} is the file that \`${section.field}\` is written to`;
        const remedy = `Say it in \`${section.field}\`, write to a file of another name beside it, or remove \`${section.field}\`.`;
        errors.push(specError(at, { code: 'spec.duplicate_name', reason, remedy }));
      } else if (path.startsWith(`${section.path}/`) || section.path.startsWith(`${path}/`)) {
        const [below, above] = path.length > section.path.length ? [path, section.path] : [section.path, path];
        const reason = `${quoted(below)} lies below ${quoted(above)}, which is a file: \`${section.field}\` writes one of the two`;
        errors.push(specError(at, { code: 'spec.path_conflict', reason, remedy: 'Change the path.' }));
      }
    }
    return errors;
  });
}

/** The text of a file of the spec; undefined where it is no text. */
function textOf({ content, base64 }: { readonly content?: unknown; readonly base64?: unknown }): string | undefined {
  if (typeof content === 'string') return content;
  if (typeof base64 !== 'string' || base64Refusal(base64) !== undefined) return undefined;
  return atob(base64);
}

const unseenText: Refusal = {
  code: 'spec.contradiction',
  reason: `nobody sees whether this text includes \`/etc/ssh/sshd_config.d/*.conf\`, which \`ssh\` is written to`,
  remedy: 'Give the text as `content`, or remove `ssh`.',
};

/** The server's own file among the files, without the line by which it reads what the section writes. */
function includeErrors({ files }: Outline, written: readonly WrittenFile[]): SpecError[] {
  if (!written.some(({ path }) => path === sshPath)) return [];
  return files.flatMap((file, index) => {
    if (file?.path !== sshInclude.from) return [];
    if (file.upload !== undefined) return specError(['files', index, 'upload'], unseenText);
    const text = textOf(file);
    if (text === undefined || sshInclude.line.test(text)) return [];
    return specError(['files', index, file.content === undefined ? 'base64' : 'content'], {
      code: 'spec.contradiction',
      reason: `${quoted(sshInclude.from)} of this text does not include \`/etc/ssh/sshd_config.d/*.conf\`, which \`ssh\` is written to`,
      remedy: 'Begin it with `Include /etc/ssh/sshd_config.d/*.conf`, or remove `ssh`.',
    });
  });
}

/**
 * Errors between sections of typed configuration and the fields beside them: files, units, packages.
 * @param input readable (see survey.ts)
 */
export function configurationErrors(input: unknown, outline: Outline): SpecError[] {
  const sections = sectionsOf(input);
  if (sections.length === 0) return [];
  const { packages, services } = outline;
  const written = sections.flatMap(({ field, paths }) => paths.map((path) => ({ field: fieldPathText(field), path })));
  const units = (list: keyof Outline['services']) =>
    services[list].map((name) => (name === undefined ? undefined : unitName(name)));
  const starts = { of: (section: Section) => section.enable, what: 'starts' };
  const stops = { of: (section: Section) => section.disable, what: 'stops' };
  const needs = { of: (section: Section) => section.packages, what: 'needs' };
  return [
    ...fileErrors(outline, written),
    ...folderErrors(outline, written),
    ...includeErrors(outline, written),
    ...contradicted(units('disable'), ['services', 'disable'], sections, starts),
    ...contradicted(units('mask'), ['services', 'mask'], sections, starts),
    ...contradicted(units('enable'), ['services', 'enable'], sections, stops),
    ...contradicted(packages.remove, ['packages', 'remove'], sections, needs),
  ];
}
