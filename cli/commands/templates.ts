import { Command } from 'commander';
import { z } from 'zod';
import type { ListTemplatesData } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import { type Output, readableYaml } from '../output.ts';
import { readReferenceArgument } from '../template-file.ts';
import { reviewText, templateLine, templateText } from '../template-report.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';
import {
  createTemplateCommand,
  deprecateCommand,
  forkCommand,
  publishCommand,
  removeTemplateCommand,
  reviewCommand,
  shareCommand,
} from './template-changes.ts';

/** `lbuild templates …`: what specs are made of. */
export function templatesCommand(output: Output): Command {
  return new Command('templates')
    .description('templates that a spec names by `template:`: yours, your tenant’s, and public ones')
    .addCommand(listCommand(output))
    .addCommand(searchCommand(output))
    .addCommand(showCommand(output))
    .addCommand(createTemplateCommand(output))
    .addCommand(publishCommand(output))
    .addCommand(shareCommand(output))
    .addCommand(forkCommand(output))
    .addCommand(reviewCommand(output))
    .addCommand(reviewsCommand(output))
    .addCommand(deprecateCommand(output))
    .addCommand(removeTemplateCommand(output));
}

/** `lbuild presets`: the templates that come with the engine. */
export function presetsCommand(output: Output): Command {
  return engineCommand('presets')
    .description('list the templates that come with the engine')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      await listInto(output, options, { tag: 'preset', visibility: 'public' }, (template) => template.preset);
    });
}

type Filter = Pick<NonNullable<ListTemplatesData['query']>, 'query' | 'tag' | 'visibility'>;

async function listInto(
  output: Output,
  options: z.output<typeof connectionOptionsSchema>,
  filter: Filter,
  keep: (template: { readonly preset: boolean }) => boolean = () => true,
): Promise<void> {
  const templates = (await connect(options).templates.list(filter).all()).filter(keep);
  if (options.json) output.document({ templates });
  else for (const template of templates) output.line(templateLine(template));
}

const filterOptionsSchema = connectionOptionsSchema.extend({
  tag: z.string().optional(),
  // The engine says which of these there are not.
  visibility: z.string().optional(),
});

const withFilter = (command: Command): Command =>
  command
    .option('--tag <tag>', 'only those with this tag')
    .option('--visibility <who>', 'only private, tenant or public ones');

function filterOf({ tag, visibility }: z.output<typeof filterOptionsSchema>): Filter {
  return {
    ...(tag === undefined ? {} : { tag }),
    ...(visibility === undefined ? {} : { visibility: visibility as NonNullable<Filter['visibility']> }),
  };
}

function listCommand(output: Output): Command {
  return withFilter(engineCommand('ls').description('list the templates that you see')).action(
    async (given: unknown) => {
      const options = filterOptionsSchema.parse(given);
      await listInto(output, options, filterOf(options));
    },
  );
}

function searchCommand(output: Output): Command {
  return withFilter(
    engineCommand('search')
      .description('find templates by the beginnings of words of name, tags and description')
      .argument('<word...>', 'each must be found'),
  ).action(async (words: string[], given: unknown) => {
    const options = filterOptionsSchema.parse(given);
    await listInto(output, options, { query: words.join(' '), ...filterOf(options) });
  });
}

const showOptionsSchema = connectionOptionsSchema.extend({ spec: z.boolean().default(false) });

function showCommand(output: Output): Command {
  return engineCommand('show')
    .description('show a template: what it takes, what it extends, what it makes')
    .argument('<template>', 'name or id, with @version for another than its newest')
    .option('--spec', 'print its spec, as YAML, with all that it extends')
    .action(async (text: string, given: unknown) => {
      const options = showOptionsSchema.parse(given);
      const engine = connect(options);
      const reference = readReferenceArgument(text);
      const template = await engine.templates.read(reference.template);
      const version = await engine.templates.readVersion(template.id, reference.version ?? template.latest);
      if (options.json) output.document({ template, version });
      else if (options.spec) output.line(await readableYaml(version.spec));
      else output.line(templateText(template, version));
    });
}

function reviewsCommand(output: Output): Command {
  return engineCommand('reviews')
    .description('show what those who built a template say of it')
    .argument('<template>', 'name or id')
    .action(async (template: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const reviews = await connect(options).templates.listReviews(template).all();
      if (options.json) output.document({ reviews });
      else for (const review of reviews) output.line(reviewText(review));
    });
}
