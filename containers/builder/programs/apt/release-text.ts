/** What a Release text says of the files below its suite. */
export interface Release {
  /** By name: the file as it is. */
  readonly files: ReadonlyMap<string, { readonly sha256: string; readonly size: number }>;
  /** Files are also there under their digests. */
  readonly byHash: boolean;
  /** When the text ceases to hold; undefined where it does not say. */
  readonly validUntil: Date | undefined;
}

/**
 * Reads a Release text (the signed part of InRelease): digests of its SHA256 field alone, `Valid-Until` and
 * `Acquire-By-Hash`. A date that cannot be read is one that has passed.
 */
export function parseRelease(text: string): Release {
  const files = new Map<string, { sha256: string; size: number }>();
  const fields = new Map<string, string>();
  let field = '';
  for (const line of text.split('\n')) {
    const header = /^([A-Za-z0-9-]+):[ \t]*(.*)$/.exec(line);
    if (header?.[1] !== undefined) {
      field = header[1].toLowerCase();
      fields.set(field, (header[2] ?? '').trim());
    } else if (field === 'sha256') {
      const listed = /^ ([0-9a-f]{64})\s+(\d{1,15})\s+([A-Za-z0-9][A-Za-z0-9+._~/-]*)\s*$/.exec(line);
      if (listed?.[1] !== undefined && listed[3] !== undefined) {
        files.set(listed[3], { sha256: listed[1], size: Number(listed[2]) });
      }
    }
  }
  const until = fields.get('valid-until');
  const milliseconds = Date.parse(until ?? '');
  return {
    files,
    byHash: fields.get('acquire-by-hash')?.toLowerCase() === 'yes',
    validUntil: until === undefined ? undefined : new Date(Number.isNaN(milliseconds) ? 0 : milliseconds),
  };
}
