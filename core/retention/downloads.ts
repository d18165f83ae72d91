import { wrote } from '../ports/table.ts';
import { imageWrite, type RetentionPorts, type StoredImage } from './image.ts';

/** A download is noted no more often than this, so that most downloads write nothing. */
export const downloadNoteMilliseconds = 3_600_000;

/**
 * Notes that an address of a file of an image was given out, at most once an hour. Where somebody else writes the image
 * just then it is not noted: the next download is.
 * @param stored as it was read for the download; nothing is noted of what is not written down yet
 */
export async function noteDownload(
  { table, clock }: Pick<RetentionPorts, 'table' | 'clock'>,
  stored: StoredImage | undefined,
): Promise<void> {
  if (stored?.version === undefined) return;
  const { image, version } = stored;
  const now = clock.now();
  const last = image.lastDownloadedAt;
  if (last !== undefined && now.getTime() - Date.parse(last) < downloadNoteMilliseconds) return;
  await wrote(table, [imageWrite({ ...image, lastDownloadedAt: now.toISOString() }, version)]);
}
