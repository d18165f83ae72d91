import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerEntry, PackageStanza } from '../../../core/builds/layer-index.ts';

/** The largest copyright file that is read: of 800 packages of a desktop, one has more, and that one is no DEP-5. */
const largestCopyright = 512 << 10;
/** A package's folder of documents, or the copyright file in it: names as Debian Policy 5.6.1 has them. */
const documentsPlace = /^usr\/share\/doc\/([a-z0-9][a-z0-9+.-]+)(?:\/(copyright))?$/;
/** Bounds of what a layer's index may hold of one package: it is the tree's word. */
const mostLicences = 40;
const longestLicence = 100;

/** `Format:` of the machine-readable form, by its present address and by those of its drafts. */
const machineReadable = /^format(?:-specification)?:[ \t]*\S*(?:copyright-format|dep5)/i;
/** A short name is one word (DEP-5), but for exceptions; anything else is the text of a licence that stands there. */
const shortName = /^[A-Za-z0-9][A-Za-z0-9.+_/:~-]*(?: with [A-Za-z0-9.+_/ -]+ exceptions?)?$/;

/**
 * The licences that a copyright file in the machine-readable form (DEP-5) names for its files, as they stand there
 * (`GPL-2+ or Artistic`), sorted, each once. Undefined where the file is of another form, where one of the licences has
 * no short name, or where there are more than anybody reads: a part of them would tell less than nothing.
 */
export function licencesIn(text: string): string[] | undefined {
  if (!machineReadable.test(text)) return undefined;
  const ofFiles = new Set<string>();
  let ofAll: string | undefined;
  for (const [position, paragraph] of text.split(/\n[ \t]*\n/).entries()) {
    const about = /^files:/im.test(paragraph);
    const field = /^license:[ \t]*(.*)$/im.exec(paragraph)?.[1]?.trim();
    if (field === undefined || (!about && position > 0)) continue;
    if (field.length > longestLicence || !isExpression(field)) return undefined;
    if (about) ofFiles.add(field);
    else ofAll = field;
  }
  const named = ofFiles.size > 0 ? [...ofFiles] : ofAll === undefined ? [] : [ofAll];
  return named.length === 0 || named.length > mostLicences ? undefined : named.sort();
}

/** Short names joined by `and` and `or`, with commas where one binds less than the other. */
function isExpression(field: string): boolean {
  return field.split(/,? (?:and|or) /).every((name) => shortName.test(name));
}

/**
 * Puts to each package the licences of its copyright file, where the layer brings that: all others have them from the
 * layers below. A package whose folder of documents is a link to another's has that one's. Only regular files below
 * real folders are read, as the walk of the tree found them.
 * @param entries of the layer, with what is in the tree now
 */
export function withLicences(
  packages: readonly PackageStanza[],
  tree: string,
  entries: readonly LayerEntry[],
): PackageStanza[] {
  const found = new Map<string, string[]>();
  const links = new Map<string, string>();
  for (const { path, type, size = 0, target } of entries) {
    const [, name, copyright] = documentsPlace.exec(path) ?? [];
    if (name === undefined) continue;
    if (copyright === undefined && type === 'symlink' && target !== undefined) links.set(name, target);
    if (copyright === undefined || type !== 'file' || size > largestCopyright) continue;
    const licences = licencesIn(readFileSync(join(tree, path), 'utf8'));
    if (licences !== undefined) found.set(name, licences);
  }
  return packages.map((stanza) => {
    const licences = found.get(links.get(stanza.name) ?? stanza.name);
    return licences === undefined ? stanza : { ...stanza, licences };
  });
}
