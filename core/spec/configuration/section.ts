/** What a section of typed configuration brings with it, beside the contents of its files. */
export interface SectionEffects {
  /** Packages that it needs; they are installed without being named. */
  readonly packages: readonly string[];
  /** Absolute paths of the files that it writes. */
  readonly paths: readonly string[];
  /** Units that start at boot, by their full names. */
  readonly enable: readonly string[];
  /** Units that do not start at boot, where the image has them. */
  readonly disable: readonly string[];
}
