/** Bounds of vulnerability data and of what is made from it, each with its reason. */
export const vulnerabilityLimits = {
  /** Characters of an advisory's id: CVE, DSA, USN and TEMP ids have fewer than 30. */
  idLength: 100,
  /** Characters of a package's name or version, as of installed packages. */
  nameLength: 200,
  versionLength: 200,
  /** Characters of a description: it stands in each finding. */
  description: 300,
  /** Documents that an advisory names as its origin. */
  references: 10,
  /** Ids that an OSV document names in one list: notices of kernels bundle about a thousand. */
  identifiers: 5_000,
  /** Packages that an OSV document names: a vulnerability of the kernel is in some 200 packages of Ubuntu. */
  affected: 5_000,
  /** Events of one range. */
  events: 1_000,
  /** Versions that are listed one by one. */
  versions: 50_000,
  /** Statements (a vulnerability in a package of a release) of one file: Debian's tracker has some 400,000 in all. */
  statements: 1_000_000,
  /** Entries that could not be read and are told; all are counted. */
  skippedExamples: 20,
  /**
   * Versions of one source package that an image is looked at for. Some kernels may be installed side by side; more is what
   * a tenant wrote into the package database, each with thousands of findings.
   */
  versionsOfSource: 8,
  /** Findings of a stored scan: an image with an old kernel has about 3,000. */
  findings: 5_000,
  /**
   * Characters of their JSON: an answer of a function has 6 MB, and a tenant chooses names of packages. Real ones take a
   * third of it.
   */
  findingsText: 4_000_000,
  /** Binary packages that a finding names; all are counted. */
  binaries: 20,
  /** Packages without a readable version that a scan names. */
  unjudged: 20,
  /** Advisories that an entry of the list of rebuilds names for one package; all are counted. */
  rebuildAdvisories: 20,
  /** Packages that an entry of the list of rebuilds names; all are counted. */
  rebuildPackages: 40,
  /** Waivers of a policy: whoever waives more has a threshold that does not fit. */
  waivers: 200,
} as const;
