import type { Command } from 'commander';
import { z } from 'zod';
import type {
  ChangeTemplateData,
  CreateTemplateData,
  ForkTemplateData,
  PublishTemplateVersionData,
} from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';
import { withPlaces } from '../spec-file.ts';
import { readReferenceArgument, readTemplateFile } from '../template-file.ts';
import { reviewText, templateLine } from '../template-report.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

// Words of the command line go to the engine as they are: it says what there is not.

export function createTemplateCommand(output: Output): Command {
  return engineCommand('create')
    .description('make a template with its first version')
    .argument('<file>', 'the template, in YAML, JSON or TOML; - is standard input')
    .action(async (file: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const engine = connect(options);
      const read = await readTemplateFile(file);
      const body = read.content as unknown as CreateTemplateData['body'];
      const template = await withPlaces(read.file, engine.templates.create(body));
      if (options.json) output.document(template);
      else output.line(templateLine(template));
    });
}

const publishOptionsSchema = connectionOptionsSchema.extend({ notes: z.string().optional() });

export function publishCommand(output: Output): Command {
  return engineCommand('publish')
    .description('publish the next version of a template, from its file')
    .argument('<file>', 'the template, in YAML, JSON or TOML; - is standard input')
    .option('--notes <text>', 'what is new in this version')
    .action(async (file: string, given: unknown) => {
      const { notes, ...options } = publishOptionsSchema.parse(given);
      const engine = connect(options);
      // What is told of the template itself is no version's: `share` and `deprecate` change that.
      const read = await readTemplateFile(file);
      const { name, description: _, tags: __, visibility: ___, ...content } = read.content;
      const body = { ...content, ...(notes === undefined ? {} : { notes }) } as PublishTemplateVersionData['body'];
      const published = engine.templates.publishVersion(String(name), body);
      const version = await withPlaces(read.file, published);
      if (options.json) output.document(version);
      else output.line(`${String(name)}@${version.version}`);
    });
}

export function shareCommand(output: Output): Command {
  return engineCommand('share')
    .description('say who sees a template')
    .argument('<template>', 'name or id')
    .argument('<who>', 'private, tenant or public')
    .action(async (template: string, visibility: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const body = { visibility } as ChangeTemplateData['body'];
      const changed = await connect(options).templates.change(template, body);
      if (options.json) output.document(changed);
      else output.line(templateLine(changed));
    });
}

const forkOptionsSchema = connectionOptionsSchema.extend({ visibility: z.string().optional() });

export function forkCommand(output: Output): Command {
  return engineCommand('fork')
    .description('make a template of your own of another, presets included')
    .argument('<template>', 'name or id, with @version for another than its newest')
    .argument('<name>', 'what yours is called')
    .option('--visibility <who>', 'private, tenant or public (else tenant)')
    .action(async (text: string, name: string, given: unknown) => {
      const { visibility, ...options } = forkOptionsSchema.parse(given);
      const { template, version } = readReferenceArgument(text);
      const body = {
        name,
        ...(version === undefined ? {} : { version }),
        ...(visibility === undefined ? {} : { visibility }),
      } as ForkTemplateData['body'];
      const fork = await connect(options).templates.fork(template, body);
      if (options.json) output.document(fork);
      else output.line(templateLine(fork));
    });
}

const reviewOptionsSchema = connectionOptionsSchema.extend({
  rating: z.coerce.number().int().optional(),
  text: z.string().optional(),
  remove: z.boolean().default(false),
});

export function reviewCommand(output: Output): Command {
  return engineCommand('review')
    .description('say what you think of a template that you have built; it replaces what you said before')
    .argument('<template>', 'name or id')
    .option('--rating <stars>', '1 to 5')
    .option('--text <text>', 'why')
    .option('--remove', 'take back what you said')
    .action(async (template: string, given: unknown) => {
      const { rating, text, remove, ...options } = reviewOptionsSchema.parse(given);
      const engine = connect(options);
      if (remove) {
        await engine.templates.removeReview(template);
        if (options.json) output.document({ template, removed: true });
        else output.line(`your review of ${template} removed`);
        return;
      }
      if (rating === undefined) {
        throw new CliFailure('usage', {
          ...{ code: 'cli.no_rating', detail: 'A review has stars.', remedy: 'Say --rating 1 to 5, or --remove.' },
        });
      }
      const review = await engine.templates.review(template, { rating, ...(text === undefined ? {} : { text }) });
      if (options.json) output.document(review);
      else output.line(reviewText(review));
    });
}

const deprecateOptionsSchema = connectionOptionsSchema.extend({
  replacement: z.string().optional(),
  undo: z.boolean().default(false),
});

export function deprecateCommand(output: Output): Command {
  return engineCommand('deprecate')
    .description('say that nobody should begin with a template any more: it works on, with a warning')
    .argument('<template>', 'name or id')
    .argument('[message]', 'why', 'It is no longer maintained.')
    .option('--replacement <template>', 'what to use instead')
    .option('--undo', 'take it back')
    .action(async (template: string, message: string, given: unknown) => {
      const { replacement, undo, ...options } = deprecateOptionsSchema.parse(given);
      const deprecated = undo ? null : { message, ...(replacement === undefined ? {} : { replacement }) };
      const changed = await connect(options).templates.change(template, { deprecated });
      if (options.json) output.document(changed);
      else output.line(templateLine(changed));
    });
}

export function removeTemplateCommand(output: Output): Command {
  return engineCommand('rm')
    .description('remove a template with its versions and reviews; builds of it keep what they were made of')
    .argument('<template>', 'name or id')
    .action(async (template: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      await connect(options).templates.remove(template);
      if (options.json) output.document({ template, removed: true });
      else output.line(`${template} removed`);
    });
}
