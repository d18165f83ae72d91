import { z } from 'zod';
import { entryOf } from '../builds/layer-entry.ts';
import { type LayerEntry, type LayerIndexHeader, layerIndexHeaderSchema } from '../builds/layer-index.ts';
import { EngineError } from '../errors.ts';

/** Makes a stored index's text of its bytes (zstd), piece by piece. Throws where they are none. */
export type Unpack = (stored: Uint8Array) => AsyncIterable<Uint8Array>;

/** What the reading of indexes may still use up. */
export interface Budget {
  entries: number;
  bytes: number;
}

/**
 * What one answer reads at most: 600,000 entries are two desktop systems that share no layer. They were measured to take
 * 220 MB of the 1 GiB that a function has, and 4.2 s of processor time; most entries have less than 250 bytes.
 */
export const readingBudget: Readonly<Budget> = { entries: 600_000, bytes: 256 * 1024 ** 2 };

/** Characters of the longest line: the header of 60,000 packages. */
const longestLine = 8 * 1024 ** 2;

/**
 * Reads a stored index line by line, so that its text is never in memory as a whole. Tenant code may have written it:
 * each line is validated, and what it may cost is taken from the budget.
 * @param step whose layer it is, for errors
 * @throws EngineError layer.unreadable where it is no index or holds another number of entries than it says;
 *   diff.too_large where the budget is used up
 */
export async function readIndex(
  index: { readonly step: string; readonly stored: Uint8Array },
  unpack: Unpack,
  budget: Budget,
  onEntry: (entry: LayerEntry) => void,
): Promise<LayerIndexHeader> {
  const read: { header?: LayerIndexHeader; entries: number } = { entries: 0 };
  const onLine = (line: string): void => {
    if (read.header === undefined) {
      read.header = layerIndexHeaderSchema.parse(JSON.parse(line));
      return;
    }
    budget.entries -= 1;
    if (budget.entries < 0) throw tooLarge();
    read.entries += 1;
    onEntry(entryOf(JSON.parse(line)));
  };
  try {
    await eachLine(unpack(index.stored), budget, onLine);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw unreadable(index.step, error);
  }
  if (read.header?.entries !== read.entries) throw unreadable(index.step, undefined);
  return read.header;
}

async function eachLine(
  pieces: AsyncIterable<Uint8Array>,
  budget: Budget,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  // The begun line stays in pieces: to join and search it again for each would take the square of its length.
  let begun: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    budget.bytes -= piece.byteLength;
    if (budget.bytes < 0) throw tooLarge();
    const [end = '', ...lines] = decoder.decode(piece, { stream: true }).split('\n');
    begun.push(end);
    length += end.length;
    if (length > longestLine) throw new Error('a line is too long');
    const last = lines.pop();
    if (last === undefined) continue;
    onLine(begun.join(''));
    for (const line of lines) onLine(line);
    begun = [last];
    length = last.length;
  }
  begun.push(decoder.decode());
  if (begun.join('') !== '') onLine(begun.join(''));
}

function tooLarge(): EngineError {
  return new EngineError(
    'diff.too_large',
    `The layers that the builds do not share hold more than ${readingBudget.entries} paths, or ${readingBudget.bytes} bytes of index.`,
  );
}

function unreadable(step: string, error: unknown): EngineError {
  const reason =
    error instanceof z.ZodError
      ? 'a line has not the form of one'
      : error === undefined
        ? 'it holds another number of entries than it says'
        : 'it cannot be unpacked or read';
  const detail = `The index of the layer of the step ${step} is none: ${reason}.`;
  return new EngineError('layer.unreadable', detail, { cause: error });
}
