/** Bounds of templates, each with its reason. */
export const templateLimits = {
  /** Characters of a name: that of a spec. */
  nameLength: 63,
  /** Characters of a description or of the notes of a version. */
  descriptionLength: 500,
  tags: 10,
  tagLength: 32,
  /** More are a program, not a template. */
  parameters: 50,
  parameterNameLength: 40,
  /** Characters of one text that a parameter gives. */
  textLength: 4_096,
  /** Entries of a list that a parameter gives. */
  entries: 100,
  /** Values of an enum. */
  choices: 50,
  /** Of one template; each is kept for good. */
  versions: 100,
  perTenant: 500,
  /** Templates above each other by `extends`: nobody follows more. */
  depth: 5,
  /** Characters of a review. */
  reviewLength: 2_000,
  /** Words that a search finds a template by, tags included: each is a write of the transaction that changes it. */
  words: 40,
  wordLength: 32,
} as const;
