import { EngineError } from '../errors.ts';
import type { BlobPlace, Blobs, SignedRequest } from '../ports/blobs.ts';
import { ConditionFailed, type Table } from '../ports/table.ts';
import type { AttemptRecord } from './build-record.ts';
import type { Versioned } from './build-repository.ts';
import type { ExchangeRequest } from './exchange.ts';
import { mostParts, partCount, partRange } from './parts.ts';
import { stagingPlace } from './places.ts';
import { attemptWrite } from './stage-repository.ts';

type Question<Kind extends ExchangeRequest['kind']> = Extract<ExchangeRequest, { kind: Kind }>;
type Output = Pick<Question<'declare-parts'>, 'step' | 'output'>;

/** The attempt that asks. `read` reads it anew. @throws EngineError ticket.refused where it has ended meanwhile */
export interface AskingAttempt {
  readonly buildId: string;
  readonly attempt: Versioned<AttemptRecord>;
  readonly read: () => Promise<Versioned<AttemptRecord>>;
}

const nameOf = ({ step, output }: Output) => `${step}/${output}`;

function placeOf(buildId: string, attempt: AttemptRecord, { step, output }: Output): BlobPlace {
  return stagingPlace(buildId, attempt.stage, attempt.attempt, step, output);
}

/**
 * Begins the upload of an output in parts, once: asked again, it is the same upload. So an attempt stores no more than
 * one object of the size that it declared for each of its outputs, whatever it asks for.
 * @throws EngineError exchange.refused
 */
export async function declareParts(
  ports: { table: Table; blobs: Blobs },
  asking: AskingAttempt,
  request: Question<'declare-parts'>,
): Promise<number> {
  const { buildId } = asking;
  const { size, partSize } = request;
  const count = partCount(size, partSize);
  if (count > mostParts) {
    throw new EngineError('exchange.refused', `${size} bytes are ${count} parts of ${partSize}; at most ${mostParts}.`);
  }
  const place = placeOf(buildId, asking.attempt.value, request);
  let started: string | undefined;
  try {
    for (let attempt = asking.attempt; ; attempt = await asking.read()) {
      const open = attempt.value.uploads?.[nameOf(request)];
      if (open !== undefined) {
        if (open.size === size && open.partSize === partSize) return count;
        throw new EngineError('exchange.refused', `An upload of another size is open for ${nameOf(request)}.`);
      }
      started ??= await ports.blobs.startParts(place, { contentType: 'application/octet-stream' });
      const uploads = { ...attempt.value.uploads, [nameOf(request)]: { id: started, size, partSize } };
      try {
        await ports.table.transact([attemptWrite(buildId, { ...attempt.value, uploads }, attempt.version)]);
        started = undefined;
        return count;
      } catch (error) {
        // Another question came between, or the same one: look again.
        if (!(error instanceof ConditionFailed)) throw error;
      }
    }
  } finally {
    if (started !== undefined) await ports.blobs.abortParts(place, started);
  }
}

function openUpload(attempt: AttemptRecord, output: Output) {
  const open = attempt.uploads?.[nameOf(output)];
  if (open === undefined)
    throw new EngineError('exchange.refused', `No upload in parts is open for ${nameOf(output)}.`);
  return { ...open, count: partCount(open.size, open.partSize) };
}

/**
 * Signs the upload of one part, of exactly its length and digest.
 * @throws EngineError exchange.refused
 */
export async function signPart(
  blobs: Blobs,
  asking: AskingAttempt,
  request: Question<'declare-part'>,
  expiresSeconds: number,
): Promise<SignedRequest> {
  const { buildId, attempt } = asking;
  const { number, sha256 } = request;
  const { id, size, partSize, count } = openUpload(attempt.value, request);
  if (number > count)
    throw new EngineError('exchange.refused', `The upload has ${count} parts; there is no ${number}.`);
  const { start, end } = partRange(size, partSize, number);
  const part = { uploadId: id, number, size: end - start, sha256, expiresSeconds };
  return blobs.signPart(placeOf(buildId, attempt.value, request), part);
}

/**
 * Makes an output of its parts. One that is gone was completed before, where the answer was lost: what is really there
 * is seen when the attempt is settled.
 * @throws EngineError exchange.refused, blob.parts_refused
 */
export async function completeParts(
  blobs: Blobs,
  asking: AskingAttempt,
  request: Question<'complete-parts'>,
): Promise<void> {
  const { buildId, attempt } = asking;
  const { id, count } = openUpload(attempt.value, request);
  if (request.parts.length !== count) {
    throw new EngineError('exchange.refused', `The upload has ${count} parts, and ${request.parts.length} are named.`);
  }
  await blobs.completeParts(placeOf(buildId, attempt.value, request), id, request.parts);
}

/** Ends the uploads of an attempt that is over: parts that became no object are stored no longer. */
export async function abortUploads(blobs: Blobs, buildId: string, attempt: AttemptRecord): Promise<void> {
  for (const [name, { id }] of Object.entries(attempt.uploads ?? {})) {
    const [step = '', output = ''] = name.split('/');
    await blobs.abortParts(stagingPlace(buildId, attempt.stage, attempt.attempt, step, output), id);
  }
}
