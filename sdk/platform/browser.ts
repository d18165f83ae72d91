import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { UsageError } from '../engine-error.ts';
import type { Platform } from './platform.ts';
import { sendBlob } from './send-blob.ts';

/** Browsers, and what is like them. Their Web Crypto has no SHA-256 that is fed piece by piece, so the bundle has one. */
export const platform: Platform = {
  followsRedirects: true,

  createSha256() {
    const hash = sha256.create();
    return { update: (bytes) => void hash.update(bytes), hex: () => bytesToHex(hash.digest()) };
  },

  async writeFile() {
    throw new UsageError(
      'a browser has no folders to download to',
      'Give a WritableStream, such as one of the File System API, or call readArtifact for a Blob.',
    );
  },

  async describeSource(source, signal) {
    const hash = sha256.create();
    const reader = blobOf(source).stream().getReader();
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) break;
      hash.update(value);
    }
    return { sha256: bytesToHex(hash.digest()), size: blobOf(source).size };
  },

  nameOfSource: (source) =>
    typeof source !== 'string' && 'name' in source && typeof source.name === 'string' ? source.name : undefined,

  sendSource: async (put, source, { signal, send = (input, init) => fetch(input, init) }) =>
    await sendBlob(put, blobOf(source), { signal, send }),
};

function blobOf(source: string | Blob): Blob {
  if (typeof source !== 'string') return source;
  throw new UsageError('a browser has no files that are named by a path', 'Give a File or a Blob.');
}
