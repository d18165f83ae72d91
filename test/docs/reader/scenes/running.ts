import { keepLetter } from '../../../../core/dead-letters/repository.ts';
import { eventEnvelope } from '../../../../core/events/envelope.ts';
import { newEvent } from '../../../../core/events/outbox.ts';
import { smallSpec } from '../../../support/small-spec.ts';
import { openReceiver, type Receiver } from '../../../support/webhook-receiver.ts';
import type { EngineDesk } from '../desk.ts';
import type { Scene } from '../scene.ts';
import { dayFromNow } from './days.ts';

const operator = ({ operatorKey }: EngineDesk): string => operatorKey;

/** Work that was given up: what Lambda says of a function that failed thrice. */
async function deadLetter(desk: EngineDesk, name: string): Promise<string> {
  const event = newEvent(desk.ports, 'webhook.ping', desk.tenantId, { webhookId: 'whk_0' });
  const body = JSON.stringify({
    requestContext: {
      functionArn: `arn:aws:lambda:us-east-1:123456789012:function:${name}`,
      approximateInvokeCount: 3,
    },
    requestPayload: eventEnvelope(event),
    responsePayload: { errorType: 'Error', errorMessage: 'the mail was away' },
  });
  return (await keepLetter(desk.ports, { messageId: name, body, messageAttributes: {} })) ?? '';
}

const deadLetters: Scene = {
  document: 'docs/dead-letters.md',
  names: { dlq_0123456789ABCDEF0123456789: (desk) => desk.once('letter', () => deadLetter(desk, 'deliver-webhook')) },
  before: { 'npx lbuild dlq list': (desk) => desk.once('letter', () => deadLetter(desk, 'deliver-webhook')) },
  as: { 'npx lbuild dlq': operator },
  says: { 'npx lbuild dlq list': /dlq_/ },
};

const receiver = (desk: EngineDesk): Promise<Receiver> => desk.once('receiver', () => openReceiver());
const hook = async (desk: EngineDesk): Promise<string> => (await desk.client.webhooks.list())[0]?.id ?? 'none';

const webhooks: Scene = {
  document: 'docs/webhooks.md',
  names: {
    'https://example.com/hooks': async (desk) => `http://127.0.0.1:${(await receiver(desk)).port}/hooks`,
    ID: hook,
    async DELIVERY(desk) {
      for await (const { id } of desk.client.webhooks.listDeliveries(await hook(desk))) return id;
      throw new Error('there is no delivery');
    },
    '2026-11-27T06:00:00Z': () => `${dayFromNow(-1)}T06:00:00Z`,
  },
  says: { 'npx lbuild webhooks create': /whsec_/, 'npx lbuild webhooks ls': /hooks/ },
  after: async (desk) => (await receiver(desk)).close(),
};

const built = (desk: EngineDesk): Promise<string> => desk.built();

const retention: Scene = {
  document: 'docs/retention.md',
  names: { 'bld_…': built },
  before: { 'npx lbuild trash ls': async (desk) => desk.client.builds.removeArtifacts(await built(desk)) },
  says: { 'npx lbuild trash ls': /bld_/ },
};

const operations: Scene = {
  document: 'docs/operations.md',
  names: {
    '2026-12-01T06:00:00Z': () => `${dayFromNow(2)}T06:00:00Z`,
    '/backups/2026-12-01': ({ folder }) => `${folder}/backup`,
  },
  before: { 'lbuild local down': (desk) => desk.prepare('lbuild local up') },
  as: { 'lbuild maintenance': operator },
  says: { 'lbuild maintenance status': /exchanged/, 'lbuild local backup': /files/ },
  after: (desk) => desk.prepare('lbuild local down'),
};

const cli: Scene = {
  document: 'cli/README.md',
  names: { URL: ({ url }) => url, ID: (desk) => desk.built() },
  input: { 'lbuild login': async (desk) => desk.keyOf('Ada', 'builder') },
  before: { 'lbuild start': (desk) => desk.file('my.yaml', JSON.stringify(smallSpec([]))) },
};

export const runningScenes = [deadLetters, webhooks, retention, operations, cli];
