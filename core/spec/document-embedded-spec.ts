import { embeddedSpecPath } from './embedded-spec.ts';

/** What the reference says of the spec in the image beside the tables of the fields. */
export const embeddedSpecNotes: readonly string[] = [
  '## The spec in the image',
  '',
  `With \`embedSpec: true\` the image holds this spec at \`${embeddedSpecPath}\`, for root alone: with all defaults, as one line of`,
  'canonical JSON. Password hashes and other secrets are `(redacted)`. What says nothing of the tree is left out: `name`,',
  '`lock`, `base.snapshot`, `disk`, `outputs`, `tests`, `kernel.cmdline`, and `kernel.package` where no output boots. So',
  'another output, disk or test makes nothing of the tree anew. The file is written after all `steps`, whatever they have put',
  'there. `files` and `directories` in its place and removals of it are refused.',
  '',
];
