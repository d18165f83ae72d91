import { Command, Option } from 'commander';
import { z } from 'zod';
import { deliveryStates } from '../../core/webhooks/delivery.ts';
import type { MadeWebhook, Webhook } from '../../sdk/generated/types.gen.ts';
import { connect } from '../connection.ts';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';
import { deliveryLine, deliveryText, webhookLine, webhookText } from '../webhook-report.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

/** `lbuild webhooks …`: where events are sent to, what was sent, and sending it again. */
export function webhooksCommand(output: Output): Command {
  return new Command('webhooks')
    .description('addresses that events are sent to, signed; what was sent, and sending it again')
    .addCommand(listCommand(output))
    .addCommand(showCommand(output))
    .addCommand(createCommand(output))
    .addCommand(setCommand(output))
    .addCommand(removeCommand(output))
    .addCommand(rotateCommand(output))
    .addCommand(pingCommand(output))
    .addCommand(deliveriesCommand(output))
    .addCommand(deliveryCommand(output))
    .addCommand(replayCommand(output));
}

const idText = 'id of the webhook, as `ls` shows it';

function listCommand(output: Output): Command {
  return engineCommand('ls')
    .description('list webhooks')
    .action(async (given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const webhooks = await connect(options).webhooks.list();
      if (options.json) output.document({ webhooks });
      else for (const webhook of webhooks) output.line(webhookLine(webhook));
    });
}

function showCommand(output: Output): Command {
  return engineCommand('show')
    .description('show a webhook')
    .argument('<id>', idText)
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      tell(output, await connect(options).webhooks.read(id), options.json);
    });
}

const contentOptionsSchema = connectionOptionsSchema.extend({
  events: z.array(z.string()).optional(),
  team: z.string().optional(),
  description: z.string().optional(),
});
const eventsText = 'types of events, all of a kind (build.*), or * for all';

function createCommand(output: Output): Command {
  return engineCommand('create')
    .description('have events sent to an address; prints the secret that signs them, once')
    .argument('<url>', 'https address that they are posted to')
    .option('--events <types...>', `${eventsText}; all without it`)
    .option('--team <id>', 'only events of builds of this team')
    .option('--description <text>', 'for people')
    .action(async (url: string, given: unknown) => {
      const { events = ['*'], team, description, ...options } = contentOptionsSchema.parse(given);
      const made = await connect(options).webhooks.create({
        ...{ url, events },
        ...(team === undefined ? {} : { teamId: team }),
        ...(description === undefined ? {} : { description }),
      });
      tellSecret(output, made, options.json);
    });
}

const setOptionsSchema = contentOptionsSchema.extend({
  newUrl: z.string().optional(),
  enable: z.boolean().default(false),
  disable: z.boolean().default(false),
});

function setCommand(output: Output): Command {
  return engineCommand('set')
    .description('change a webhook: what is not named stays')
    .argument('<id>', idText)
    .option('--new-url <url>', 'https address that events are posted to')
    .option('--events <types...>', eventsText)
    .option('--team <id>', 'only events of builds of this team; none: of the whole tenant')
    .option('--description <text>', 'for people')
    .addOption(new Option('--enable', 'send events to it (again)').conflicts('disable'))
    .option('--disable', 'send nothing to it')
    .action(async (id: string, given: unknown) => {
      const { newUrl, events, team, description, enable, disable, ...options } = setOptionsSchema.parse(given);
      const body = {
        ...(newUrl === undefined ? {} : { url: newUrl }),
        ...(events === undefined ? {} : { events }),
        ...(team === undefined ? {} : { teamId: team === 'none' ? null : team }),
        ...(description === undefined ? {} : { description }),
        ...(enable || disable ? { enabled: enable } : {}),
      };
      tell(output, await connect(options).webhooks.change(id, body), options.json);
    });
}

function removeCommand(output: Output): Command {
  return engineCommand('rm')
    .description('remove a webhook with its secrets')
    .argument('<id>', idText)
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      await connect(options).webhooks.remove(id);
      if (options.json) output.document({ id, removed: true });
      else output.line(`${id} removed`);
    });
}

const rotateOptionsSchema = connectionOptionsSchema.extend({ overlap: z.coerce.number().optional() });

function rotateCommand(output: Output): Command {
  return engineCommand('rotate')
    .description('give a webhook another secret, and print it once; the one before signs too for a while')
    .argument('<id>', idText)
    .option('--overlap <seconds>', 'for how long; a day without it, 0: not at all')
    .action(async (id: string, given: unknown) => {
      const { overlap, ...options } = rotateOptionsSchema.parse(given);
      tellSecret(output, await connect(options).webhooks.rotateSecret(id, overlap), options.json);
    });
}

/** Milliseconds between two looks at what became of a ping, and for which it is looked: an attempt takes 15 s at most. */
const lookEvery = 300;
const lookFor = 25_000;

function pingCommand(output: Output): Command {
  return engineCommand('ping')
    .description('send webhook.ping to a webhook, and tell what came of it')
    .argument('<id>', idText)
    .action(async (id: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const engine = connect(options);
      const { id: deliveryId } = await engine.webhooks.ping(id);
      const until = Date.now() + lookFor;
      let delivery = await engine.webhooks.readDelivery(id, deliveryId);
      while (delivery.state === 'pending' && Date.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, lookEvery));
        delivery = await engine.webhooks.readDelivery(id, deliveryId);
      }
      if (options.json) output.document(delivery);
      else output.line(deliveryText(delivery));
      if (delivery.state === 'succeeded') return;
      throw new CliFailure('failed', {
        code: 'cli.ping_failed',
        detail: delivery.reason ?? 'The ping has not been answered yet.',
        remedy: `Mend what the reason names; \`lbuild webhooks delivery ${id} ${deliveryId}\` shows the attempt.`,
      });
    });
}

const deliveriesOptionsSchema = connectionOptionsSchema.extend({
  state: z.enum(deliveryStates).optional(),
  most: z.coerce.number().int().min(1).default(50),
});

function deliveriesCommand(output: Output): Command {
  return engineCommand('deliveries')
    .description('list what was sent to a webhook or is to be, the latest first')
    .argument('<id>', idText)
    .addOption(new Option('--state <state>', 'only those that stand so').choices(deliveryStates))
    .option('--most <number>', 'at most that many; 50 without it')
    .action(async (id: string, given: unknown) => {
      const { state, most, ...options } = deliveriesOptionsSchema.parse(given);
      const deliveries = await connect(options)
        .webhooks.listDeliveries(id, state === undefined ? {} : { state })
        .all(most);
      if (options.json) output.document({ deliveries });
      else for (const delivery of deliveries) output.line(deliveryLine(delivery));
    });
}

function deliveryCommand(output: Output): Command {
  return engineCommand('delivery')
    .description('show a delivery: what was posted, its attempts and what came of each')
    .argument('<id>', idText)
    .argument('<delivery>', 'id of the delivery')
    .action(async (id: string, deliveryId: string, given: unknown) => {
      const options = connectionOptionsSchema.parse(given);
      const delivery = await connect(options).webhooks.readDelivery(id, deliveryId);
      if (options.json) output.document(delivery);
      else output.line(deliveryText(delivery));
    });
}

const replayOptionsSchema = connectionOptionsSchema.extend({
  from: z.string().optional(),
  to: z.string().optional(),
  state: z.enum(['failed', 'skipped', 'succeeded']).optional(),
});

function replayCommand(output: Output): Command {
  return engineCommand('replay')
    .description('send a delivery again, or all of a range of time')
    .argument('<id>', idText)
    .argument('[delivery]', 'id of the delivery; without it --from')
    .option('--from <time>', 'events from this time on, 2026-11-27T06:00:00Z')
    .option('--to <time>', 'events before this time; now without it')
    .addOption(
      new Option('--state <state>', 'of a range: failed without it').choices(['failed', 'skipped', 'succeeded']),
    )
    .action(async (id: string, deliveryId: string | undefined, given: unknown) => {
      const { from, to, state, ...options } = replayOptionsSchema.parse(given);
      const engine = connect(options);
      if (deliveryId !== undefined) {
        const delivery = await engine.webhooks.replayDelivery(id, deliveryId);
        if (options.json) output.document(delivery);
        else output.line(deliveryLine(delivery));
        return;
      }
      if (from === undefined) {
        throw new CliFailure('usage', {
          code: 'cli.usage',
          detail: 'Neither a delivery nor --from is given.',
          remedy: 'Name a delivery, or the begin of a range with --from.',
        });
      }
      const range = { from, to: to ?? new Date().toISOString(), ...(state === undefined ? {} : { state }) };
      const replayed = await engine.webhooks.replayDeliveries(id, range);
      if (options.json) output.document({ replayed });
      else output.line(`${replayed} to be sent again`);
    });
}

function tell(output: Output, webhook: Webhook, json: boolean): void {
  if (json) output.document(webhook);
  else output.line(webhookText(webhook));
}

function tellSecret(output: Output, made: MadeWebhook, json: boolean): void {
  if (json) {
    output.document(made);
    return;
  }
  output.line(webhookText(made.webhook));
  if (made.secret !== undefined) output.line(`secret  ${made.secret}  (shown this once)`);
}
