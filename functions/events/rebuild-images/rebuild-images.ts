import type { BuildRecord } from '../../../core/builds/build-record.ts';
import { retryOf } from '../../../core/builds/resume.ts';
import type { Submission } from '../../../core/builds/submit-build.ts';
import { systemKeyId } from '../../../core/cache/warming.ts';
import type { JsonValue } from '../../../core/digest.ts';
import { eventCatalogue } from '../../../core/events/catalogue.ts';
import { readTrigger } from '../../../core/events/envelope.ts';
import type { Ports } from '../../../core/ports/ports.ts';
import { type RebuildCause, rebuildTenant } from '../../../core/rebuilds/rebuild-tenant.ts';
import { throwAll } from '../../../core/retention/task.ts';
import { needSecrets } from '../../../core/secrets/spec-secrets.ts';
import { needUploads } from '../../../core/uploads/spec-uploads.ts';
import { checkedSpec, judgedAgain } from '../../api/specs/checked-spec.ts';

type RebuildPorts = Pick<Ports, 'table' | 'blobs' | 'clock' | 'ids' | 'installation' | 'plugins'>;

/** Milliseconds of one call: then it ends with the images that it has begun. */
const beginsWithin = 60_000;

/**
 * Builds anew what a tenant has that later packages would rid of vulnerabilities, where the tenant wants that: each by the
 * way of a retry, with all that a submission is asked for.
 * @throws AggregateError where something failed that nobody foresaw, after all the rest
 */
export async function handle(ports: RebuildPorts, input: unknown): Promise<JsonValue> {
  const trigger = readTrigger(input);
  if (trigger.kind !== 'event') throw new Error('automatic rebuilds are asked for by an event');
  const { tenantId, detail } = trigger.event;
  const from = eventCatalogue['vulnerabilities.rebuild'].detail.parse(detail);
  const { submitted, refused, goesOn, errors } = await rebuildTenant(ports, tenantId, from, {
    within: beginsWithin,
    prepare: (build, cause) => buildAgain(ports, build, cause),
  });
  throwAll(errors);
  return { submitted: [...submitted], refused, goesOn };
}

/** @throws EngineError spec.invalid, plugin.time_exceeded, plugin.unsupported, service.unavailable */
async function buildAgain(ports: RebuildPorts, before: BuildRecord, rebuild: RebuildCause): Promise<Submission> {
  const { tenantId } = before;
  const submission = await retryOf(ports.table, before, {
    ...{ keyId: systemKeyId, rebuild },
    // It is in nobody's way who waits for a build.
    priority: 'low',
    check: (stored) => checkedSpec(stored, ports.installation),
  });
  await needUploads(ports, tenantId, submission.spec, submission.spec);
  await needSecrets(ports.table, tenantId, submission.spec, submission.spec);
  // Plugins have a time of their own; nobody breaks this off.
  return judgedAgain(ports, { tenantId }, submission, new AbortController().signal);
}
