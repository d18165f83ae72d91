import { sha256 } from '../digest.ts';

/**
 * SPDX identifiers of the short names of Debian's copyright files (DEP-5) that mean one licence and always the same.
 * Others, `MIT` and `BSD` among them, stand for texts that differ from package to package.
 */
const identifiers: Readonly<Record<string, string>> = {
  'GPL-1': 'GPL-1.0-only',
  'GPL-1+': 'GPL-1.0-or-later',
  'GPL-2': 'GPL-2.0-only',
  'GPL-2.0': 'GPL-2.0-only',
  'GPL-2+': 'GPL-2.0-or-later',
  'GPL-2.0+': 'GPL-2.0-or-later',
  'GPL-3': 'GPL-3.0-only',
  'GPL-3.0': 'GPL-3.0-only',
  'GPL-3+': 'GPL-3.0-or-later',
  'GPL-3.0+': 'GPL-3.0-or-later',
  'LGPL-2': 'LGPL-2.0-only',
  'LGPL-2+': 'LGPL-2.0-or-later',
  'LGPL-2.0+': 'LGPL-2.0-or-later',
  'LGPL-2.1': 'LGPL-2.1-only',
  'LGPL-2.1+': 'LGPL-2.1-or-later',
  'LGPL-3': 'LGPL-3.0-only',
  'LGPL-3+': 'LGPL-3.0-or-later',
  'LGPL-3.0+': 'LGPL-3.0-or-later',
  'AGPL-3': 'AGPL-3.0-only',
  'AGPL-3+': 'AGPL-3.0-or-later',
  'GFDL-1.2': 'GFDL-1.2-only',
  'GFDL-1.2+': 'GFDL-1.2-or-later',
  'GFDL-1.3': 'GFDL-1.3-only',
  'GFDL-1.3+': 'GFDL-1.3-or-later',
  'GFDL-NIV-1.3': 'GFDL-1.3-no-invariants-only',
  'GFDL-NIV-1.3+': 'GFDL-1.3-no-invariants-or-later',
  'Apache-2': 'Apache-2.0',
  'Apache-2.0': 'Apache-2.0',
  'Artistic-2.0': 'Artistic-2.0',
  'BSD-2-clause': 'BSD-2-Clause',
  'BSD-2-Clause': 'BSD-2-Clause',
  'BSD-3-clause': 'BSD-3-Clause',
  'BSD-3-Clause': 'BSD-3-Clause',
  'BSL-1.0': 'BSL-1.0',
  'CC0-1.0': 'CC0-1.0',
  'CC-BY-SA-3.0': 'CC-BY-SA-3.0',
  'CC-BY-SA-4.0': 'CC-BY-SA-4.0',
  Expat: 'MIT',
  FSFAP: 'FSFAP',
  FSFULLR: 'FSFULLR',
  ISC: 'ISC',
  'MPL-1.1': 'MPL-1.1',
  'MPL-2.0': 'MPL-2.0',
  'OFL-1.1': 'OFL-1.1',
  Unlicense: 'Unlicense',
  Zlib: 'Zlib',
};

/** The SPDX identifier that a short name always means; undefined where it means no one licence. */
export function spdxIdentifier(shortName: string): string | undefined {
  return Object.hasOwn(identifiers, shortName) ? identifiers[shortName] : undefined;
}

/** How a document refers to a licence that has no SPDX identifier: `LicenseRef-debian-public-domain`. */
export function licenceReference(shortName: string): string {
  const plain = shortName.replaceAll(/[^A-Za-z0-9.-]/g, '-');
  // Two names may become one by that; their digests stay apart.
  return `LicenseRef-debian-${plain}${plain === shortName ? '' : `-${sha256(shortName).slice(0, 8)}`}`;
}

/** An SPDX licence expression, and the short names that it refers to without an identifier. */
export interface LicenceExpression {
  readonly expression: string;
  readonly referred: readonly string[];
}

/**
 * All licences of a package as one SPDX expression: each of them holds for some of its files. A name with an exception,
 * or with the commas of DEP-5 that change how `and` and `or` bind, is referred to as a whole.
 * @param licences at least one, as copyright files have them: `GPL-2+ or Artistic`
 */
export function licenceExpression(licences: readonly string[]): LicenceExpression {
  const referred = new Set<string>();
  const nameOf = (shortName: string): string => {
    const known = spdxIdentifier(shortName);
    if (known === undefined) referred.add(shortName);
    return known ?? licenceReference(shortName);
  };
  const terms = licences.map((licence) => {
    if (/,| with /.test(licence)) return nameOf(licence);
    const choices = licence.split(' or ').map((choice) => choice.split(' and ').map(nameOf).join(' AND '));
    return choices.length > 1 && licences.length > 1 ? `(${choices.join(' OR ')})` : choices.join(' OR ');
  });
  return { expression: [...new Set(terms)].join(' AND '), referred: [...referred].sort() };
}
