/** Errors of templates, as core/error-catalogue.ts has all of them. */
export const templateErrors = {
  'template.not_found': {
    status: 404,
    title: 'There is no such template',
    remedy: 'See GET /v1/templates (`lbuild templates ls`) for those that you may use.',
  },
  'template.version_not_found': {
    status: 404,
    title: 'The template has no such version',
    remedy: 'See GET /v1/templates/{id}/versions for those that it has.',
  },
  'template.invalid': {
    status: 422,
    title: 'The template is not valid',
    remedy: 'Correct the fields named in `errors`.',
  },
  'template.name_taken': {
    status: 409,
    title: 'The tenant has a template of this name',
    remedy: 'Choose another name, or publish a version of the template that there is.',
  },
  'template.read_only': {
    status: 409,
    title: 'The template cannot be changed by you',
    remedy: 'Fork it, or extend it by a template of your own.',
  },
  'template.too_many': {
    status: 409,
    title: 'The tenant has as many templates as it may',
    remedy: 'Remove one that is not used any more: builds keep what they were made of.',
  },
  'template.too_many_versions': {
    status: 409,
    title: 'The template has as many versions as it may',
    remedy: 'Fork it and publish versions of the fork.',
  },
  'template.not_built': {
    status: 403,
    title: 'Only who built it reviews a template',
    remedy: 'Start a build of the template, and review it when that has succeeded.',
  },
  'review.not_found': {
    status: 404,
    title: 'You have not reviewed the template',
    remedy: 'See GET /v1/templates/{id}/reviews for the reviews that there are.',
  },
} as const;
