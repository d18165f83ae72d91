/** Errors of builds, their plans, stages and builders; core/error-catalogue.ts holds them with all others. */
export const buildErrors = {
  'ticket.refused': {
    status: 401,
    title: 'The ticket is not accepted',
    remedy: 'A ticket serves one attempt of one stage and ends with it.',
  },
  'exchange.refused': {
    status: 403,
    title: 'The stage may not have this',
    remedy: 'A stage reaches only what its manifest names.',
  },
  'build.not_found': { status: 404, title: 'There is no such build', remedy: 'List builds with GET /v1/builds.' },
  'build.not_ended': {
    status: 409,
    title: 'The build has not ended',
    remedy: 'Wait for its end, or cancel it first.',
  },
  'build.not_planned': {
    status: 409,
    title: 'The build has no plan',
    remedy: 'Wait until it is planned; one that failed before has none.',
  },
  'build.not_resumable': {
    status: 409,
    title: 'There is nothing to resume',
    remedy: 'Resume a build that failed or was cancelled; a retry repeats a build that ended in any way.',
  },
  'build.not_succeeded': {
    status: 409,
    title: 'The build has made no image',
    remedy: 'Wait for its end; one that failed or was cancelled can be resumed.',
  },
  'build.stuck': {
    status: 500,
    title: 'The build did not move on within its time',
    remedy: 'Start the build again; if it repeats, report it to the operator.',
  },
  'build.terminal': { status: 409, title: 'The build has already ended', remedy: 'Start a new build.' },
  'artifact.not_found': {
    status: 404,
    title: 'There is no such artifact',
    remedy: 'List them with GET /v1/builds/{id}/artifacts.',
  },
  'evidence.not_found': {
    status: 404,
    title: 'There is no such file of evidence',
    remedy: 'See `evidence` of GET /v1/builds/{id}: a build that succeeded and made artifacts has some.',
  },
  'layer.conflict': {
    status: 422,
    title: 'Two parallel steps changed one path differently',
    remedy: 'Let one of the steps name the other under `needs`, or let them write different paths.',
  },
  'layer.damaged': {
    status: 500,
    title: 'A stored layer is damaged',
    remedy: 'Resume the build: what was damaged is removed and made again.',
  },
  'layer.evicted': {
    status: 409,
    title: 'A layer of the build is no longer stored',
    remedy: 'Retry the build (`lbuild retry ID`), which makes its layers again, and use the new one.',
  },
  'layer.unreadable': {
    status: 422,
    title: 'The index of a layer is none',
    remedy:
      'Remove the result of the step (`lbuild cache rm KEY`) and build again; if it repeats, report it to the operator.',
  },
  'plan.too_large': {
    status: 422,
    title: 'The plan has too many stages',
    remedy: 'Merge steps: a plan holds at most 40 stages.',
  },
  'script.failed': {
    status: 422,
    title: 'A build script failed',
    remedy: 'Read the last log lines; correct the script; start the build again.',
  },
  'script.timeout': {
    status: 422,
    title: 'A build script ran out of time',
    remedy: 'Raise timeoutSeconds, or make the script faster.',
  },
  'package.not_found': {
    status: 422,
    title: 'A package does not exist in the archive',
    remedy: 'Correct the name; see the last log lines.',
  },
  'step.failed': {
    status: 422,
    title: 'A build step failed',
    remedy: 'Read the last log lines; they say what the step could not do.',
  },
  'step.timeout': {
    status: 422,
    title: 'A build step ran out of time',
    remedy: 'Start the build again; if it repeats, report it to the operator.',
  },
  'limit.disk': {
    status: 422,
    title: 'The build used more disk than it may',
    remedy: 'Install or write less, or ask the operator for a larger limit.',
  },
  'compliance.failed': {
    status: 422,
    title: 'The image does not meet its compliance profiles',
    remedy:
      'Read compliance.html, which is its evidence, for each check, what was found and what mends it: `lbuild download ID --to DIR --evidence`.',
  },
  'vulnerabilities.failed': {
    status: 422,
    title: 'The image has vulnerabilities that its spec does not allow',
    remedy:
      'Read vulnerabilities.json, which is its evidence: `lbuild download ID --to DIR --evidence`. Build again once the release has the fixes, or waive what is borne for now.',
  },
  'test.failed': {
    status: 422,
    title: 'A test of the image failed',
    remedy:
      'Nothing of the build is published. Read the serial log and look at the screen, which are its evidence: `lbuild download ID --to DIR --evidence`.',
  },
  'limit.output': {
    status: 422,
    title: 'An output is larger than it may be',
    remedy: 'Install or write less, or make a smaller disk image: one output holds at most 50 GiB.',
  },
  'builder.lost': {
    status: 500,
    title: 'The builder vanished',
    remedy: 'A script may have ended it or used up its memory; see the last log lines.',
  },
  'builder.infrastructure': {
    status: 500,
    title: 'No builder could be had',
    remedy: 'Start the build again; it goes on from what is cached.',
  },
  'builder.result_invalid': {
    status: 500,
    title: "The builder's result cannot be trusted",
    remedy: 'Start the build again; if it repeats, report it to the operator.',
  },
  'build.cancelled': {
    status: 409,
    title: 'The build was cancelled',
    remedy: 'Start a new build; it goes on from what is cached.',
  },
} as const;
