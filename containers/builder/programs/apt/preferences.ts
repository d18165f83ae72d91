import type { packages } from '../../../../core/plan/programs/bootstrap.ts';
import type { OptionsOf, ProgramContext } from '../../contract.ts';
import { StepError } from '../../step-error.ts';
import type { SignedIndexes } from './signed-indexes.ts';

/** Which version of a package apt takes. */
export type Pin = NonNullable<OptionsOf<typeof packages>['pins']>[number];

/** From this priority on apt takes a version even where another is installed: apt_preferences(5). */
const overriding = 1_000;

/** Refuses what would end a line, or mean another record: the spec's forms have neither. */
function needPlainWord(field: string, word: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9.+~:-]*\*?$/.test(word)) {
    throw new StepError('step.failed', `${field}: ${JSON.stringify(word)} cannot stand in apt's preferences`);
  }
  return word;
}

/** Fields of an InRelease that tell its suite, and the letters of apt_preferences(5) for them. */
const suiteFields = {
  codename: { field: /^Codename: *(\S+)/m, letter: 'n' },
  suite: { field: /^Suite: *(\S+)/m, letter: 'a' },
} as const;

type Distribution = Pick<ProgramContext<unknown>['distribution'], 'suitesDifferBy'>;

/** The text of apt_preferences(5): a record for each pin. */
export function preferencesText(pins: readonly Pin[], { suitesDifferBy }: Distribution): string {
  const { letter } = suiteFields[suitesDifferBy];
  return pins
    .map((pin, position) => {
      const field = `packages.pins[${position}]`;
      const { version, release } = pin;
      const chosen =
        version === undefined
          ? `release ${letter}=${needPlainWord(`${field}.release`, release ?? '')}`
          : `version ${needPlainWord(`${field}.version`, version)}`;
      const name = needPlainWord(`${field}.package`, pin.package);
      return `Package: ${name}\nPin: ${chosen}\nPin-Priority: ${pin.priority}\n`;
    })
    .join('\n');
}

/** Name of each index's suite, as its signed text has it, which is what apt compares. */
function suiteNames(indexes: SignedIndexes, { suitesDifferBy }: Distribution): string[] {
  const { field } = suiteFields[suitesDifferBy];
  return indexes.files.map(({ suite }) => {
    const release = indexes.releases.find((one) => one.suite === suite);
    const text = release?.bytes.toString('latin1') ?? '';
    return field.exec(text)?.[1] ?? suite.suite;
  });
}

function isChosen(pin: Pin, found: { readonly version: string; readonly release: string }): boolean {
  if (pin.version === undefined) return found.release === pin.release;
  if (pin.version.endsWith('*')) return found.version.startsWith(pin.version.slice(0, -1));
  return found.version === pin.version;
}

const wordsOf = ({ version, release }: Pin) => (version === undefined ? `in ${release}` : `of version ${version}`);

/** What the archive has of a pinned package. */
function versionsOf(indexes: SignedIndexes, pin: Pin, distribution: Distribution) {
  const names = suiteNames(indexes, distribution);
  return indexes.packages.versions(pin.package).map(({ version, index }) => ({ version, release: names[index] ?? '' }));
}

/**
 * Throws `package.not_found` where the archive has no package of a pin's name, or none that the pin speaks of: apt
 * itself passes over such a pin without a word.
 */
export function needPinned(indexes: SignedIndexes, pins: readonly Pin[], distribution: Distribution): void {
  for (const [position, pin] of pins.entries()) {
    const found = versionsOf(indexes, pin, distribution);
    if (found.some((one) => isChosen(pin, one))) continue;
    const there = [...new Set(found.map(({ version, release }) => `${version} (${release})`))].sort();
    const reason = `packages.pins[${position}]: the archive has no ${pin.package} ${wordsOf(pin)}`;
    throw new StepError('package.not_found', `${reason}; it has ${there.length === 0 ? 'none' : there.join(', ')}.`);
  }
}

/**
 * Throws `step.failed` where a pin that overrides everything did not hold: something that is installed needs another
 * version, or the package is of the minimal system and its version cannot be changed.
 * @param installed version of each installed package
 */
export function needHonoured(
  indexes: SignedIndexes,
  pins: readonly Pin[],
  distribution: Distribution,
  installed: ReadonlyMap<string, string>,
): void {
  for (const [position, pin] of pins.entries()) {
    const version = installed.get(pin.package);
    if (version === undefined || pin.priority < overriding) continue;
    const chosen = versionsOf(indexes, pin, distribution).filter((one) => isChosen(pin, one));
    if (chosen.some((one) => one.version === version)) continue;
    const reason = `packages.pins[${position}]: ${pin.package} is installed in version ${version}, not ${wordsOf(pin)}`;
    throw new StepError(
      'step.failed',
      `${reason}; add it to packages.install, or pin what needs the other version too.`,
    );
  }
}
