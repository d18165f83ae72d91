import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWebhookSender } from '../../adapters/network/webhook-sender.ts';
import { eventEnvelope } from '../../core/events/envelope.ts';
import { newEvent, overdueEvents } from '../../core/events/outbox.ts';
import { handle } from '../../functions/events/deliver-webhook/deliver-webhook.ts';
import { answering, openReceiver, type Receiver } from '../support/webhook-receiver.ts';
import { type CliUnderTest, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let receiver: Receiver;
beforeAll(async () => {
  cli = await openCli();
  receiver = await openReceiver();
});
afterAll(async () => {
  await cli?.close();
  await receiver?.close();
});

const url = 'https://hooks.example.com/in';
/** The engine's own part, to the receiver. */
const ports = () => {
  const sender = createWebhookSender({ privateHosts: ['127.0.0.1'] });
  const to = `http://127.0.0.1:${receiver.port}/`;
  return {
    ...cli.api.ports,
    webhooks: { send: (request: Parameters<typeof sender.send>[0]) => sender.send({ ...request, url: to }) },
  };
};
async function tellPings(): Promise<void> {
  const events = await overdueEvents(cli.api.ports.table, new Date(8.64e15));
  for (const event of events) if (event.type === 'webhook.ping') await handle(ports(), eventEnvelope(event));
}
const made = async (...args: string[]): Promise<string> => {
  const run = await cli.run(['webhooks', 'create', url, '--json', ...args]);
  expect([run.code, run.err]).toEqual([0, '']);
  return String(JSON.parse(run.out).webhook.id);
};

it('webhooks are made, with their secret once, listed, shown, changed and removed', async () => {
  const run = await cli.run([
    'webhooks',
    'create',
    url,
    '--events',
    'build.*',
    'quota.warning',
    '--description',
    'chat',
  ]);
  expect(run.out).toMatch(
    /^(whk_\w+) {2}https:\/\/hooks\.example\.com\/in {2}build\.\*,quota\.warning {2}enabled\n {2}chat\n {2}secret 1 of \S+Z\nsecret {2}whsec_\S+= {2}\(shown this once\)\n$/,
  );
  const id = run.out.split(' ')[0] ?? '';
  expect((await cli.run(['webhooks', 'ls'])).out).toBe(`${id}  ${url}  build.*,quota.warning  enabled\n`);
  const off = await cli.run(['webhooks', 'set', id, '--disable', '--events', '*']);
  expect(off.out.split('\n')[0]).toBe(`${id}  ${url}  *  disabled (asked)`);
  expect((await cli.run(['webhooks', 'set', id, '--enable'])).out).toContain('  enabled\n');
  const rotated = await cli.run(['webhooks', 'rotate', id, '--overlap', '60']);
  expect(rotated.out).toMatch(/secret 2 of \S+Z\n {2}secret 1 of \S+Z, signs until \S+Z\nsecret {2}whsec_/);
  expect((await cli.run(['webhooks', 'rm', id])).out).toBe(`${id} removed\n`);
  const gone = await cli.run(['webhooks', 'show', id]);
  expect([gone.code, gone.err]).toEqual([3, expect.stringContaining('webhook.not_found')]);
  const refused = await cli.run(['webhooks', 'create', 'http://127.0.0.1/']);
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('webhook.url_refused')]);
}, 120_000);

it('a ping tells what came of it', async () => {
  const id = await made();
  receiver.answer = answering(200, {}, 'pong');
  const waiting = cli.run(['webhooks', 'ping', id]);
  const timer = setInterval(() => void tellPings(), 50);
  const well = await waiting;
  receiver.answer = answering(500);
  const badly = await cli.run(['webhooks', 'ping', id]);
  clearInterval(timer);
  expect([well.code, well.out]).toEqual([0, expect.stringMatching(/webhook\.ping {2}succeeded[\s\S]*pong\n$/)]);
  expect([badly.code, badly.err]).toEqual([7, expect.stringContaining('It answered 500.')]);
}, 120_000);

it('deliveries are listed, shown and sent again', async () => {
  const id = await made();
  receiver.answer = answering(410, {}, 'gone');
  const event = newEvent(cli.api.ports, 'build.failed', cli.tenant.tenantId, {
    buildId: 'bld_1',
    code: 'script.failed',
  });
  await handle(ports(), eventEnvelope(event));
  const listed = await cli.run(['webhooks', 'deliveries', id, '--state', 'failed']);
  expect(listed.out).toMatch(/^whd_\w+ {2}\S+Z {2}build\.failed {2}failed {2}1 attempt\(s\) {2}It answered 410\.\n$/);
  expect((await cli.run(['webhooks', 'show', id])).out).toContain('disabled (gone)');
  const deliveryId = listed.out.split(' ')[0] ?? '';
  const shown = await cli.run(['webhooks', 'delivery', id, deliveryId]);
  expect(shown.out).toContain('script.failed');
  expect(shown.out).toMatch(/ {2}1 {2}\S+ {2}\d+ ms {2}failed {2}It answered 410\.\n {4}gone\n$/);
  const from = new Date(Date.now() - 3_600_000).toISOString();
  expect((await cli.run(['webhooks', 'replay', id, '--from', from])).out).toBe('1 to be sent again\n');
  expect((await cli.run(['webhooks', 'replay', id, deliveryId])).out).toContain('  pending  ');
  expect((await cli.run(['webhooks', 'replay', id])).code).toBe(2);
}, 120_000);
