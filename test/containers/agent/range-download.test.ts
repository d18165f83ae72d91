import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadInRanges } from '../../../containers/builder/agent/range-download.ts';

const blob = randomBytes(1_000_003);
const sizes = { first: 300_000, further: 100_000 };
let folder: string;
let server: Server;
let url: string;
let asked: string[];
let signed: number;
/** What is done with an answer instead of sending it whole. */
let disturb: (response: ServerResponse, bytes: Buffer, number: number) => boolean | Promise<boolean>;
let knowsRanges: boolean;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const bytes = knowsRanges ? blob.subarray(Number(first), Number(last) + 1) : blob;
  asked.push(request.headers.range ?? '');
  const number = asked.length;
  const head = knowsRanges
    ? { 'content-range': `bytes ${first}-${Number(first) + bytes.length - 1}/${blob.length}` }
    : {};
  response.setHeader('content-length', bytes.length);
  for (const [name, value] of Object.entries(head)) response.setHeader(name, value);
  response.statusCode = knowsRanges ? 206 : 200;
  void (async () => {
    if (!(await disturb(response, bytes, number))) response.end(bytes);
  })();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lbuild-ranges-'));
  [asked, signed, knowsRanges, disturb] = [[], 0, true, () => false];
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/blob`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const file = () => join(folder, 'blob');
function download(of = sizes, signal = AbortSignal.timeout(20_000)): Promise<void> {
  const sign = async () => {
    signed += 1;
    return { method: 'GET' as const, url, headers: {} };
  };
  return downloadInRanges(sign, file(), { signal, random: () => 0, sizes: of });
}

describe('a blob that is downloaded', () => {
  it('comes in one request where it is small', async () => {
    await download({ first: blob.length, further: 1 });
    expect(asked).toHaveLength(1);
    expect(readFileSync(file()).equals(blob)).toBe(true);
  });

  it('comes in ranges, four at a time, with one signature', async () => {
    let [now, most] = [0, 0];
    disturb = async () => {
      now += 1;
      most = Math.max(most, now);
      await sleep(40);
      now -= 1;
      return false;
    };
    await download();
    expect([most, signed, asked.length]).toEqual([4, 1, 9]);
    expect(new Set(asked).size).toBe(9);
    expect(readFileSync(file()).equals(blob)).toBe(true);
  });

  it('goes on where a range broke off', async () => {
    disturb = (response, bytes, number) => {
      if (number > 3) return false;
      response.write(bytes.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    await download();
    expect(readFileSync(file()).equals(blob)).toBe(true);
    // What came before the break is not asked for again.
    expect(asked.filter((range) => range.startsWith('bytes=0-'))).toHaveLength(1);
    expect(asked).toContain('bytes=50000-299999');
  });

  it('is signed anew where its request has expired meanwhile', async () => {
    disturb = (response, _, number) => {
      if (number !== 4) return false;
      response.removeHeader('content-range');
      response.writeHead(403, { 'content-length': 0 }).end();
      return true;
    };
    await download();
    expect(signed).toBe(2);
    expect(readFileSync(file()).equals(blob)).toBe(true);
  });

  it('comes whole from a store that knows no ranges', async () => {
    knowsRanges = false;
    await download({ first: blob.length, further: 1 });
    expect(readFileSync(file()).equals(blob)).toBe(true);
  });

  it('fails at once, and ends the other ranges, where the store refuses it', async () => {
    disturb = (response, _, number) => {
      if (number === 1) return false;
      response.removeHeader('content-range');
      response.writeHead(404, { 'content-length': 0 }).end();
      return true;
    };
    await expect(download()).rejects.toThrow(/answered 404 to a download/);
    expect(asked.length).toBeLessThanOrEqual(4);
  });
});
