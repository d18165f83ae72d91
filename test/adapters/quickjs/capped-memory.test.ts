import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { cappedMemory, pageBytes } from '../../../adapters/quickjs/capped-memory.ts';

/** A module with a memory of so many pages, which it exports as `m`. */
const moduleOf = (memory: readonly number[]): Uint8Array =>
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[5, memory.length, ...memory],
    ...[7, 5, 1, 1, 0x6d, 2, 0],
  ]);

interface Grows {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

async function memoryOf(binary: Uint8Array): Promise<Grows> {
  const { instance } = (await Reflect.get(WebAssembly, 'instantiate')(binary)) as {
    instance: { exports: { m: Grows } };
  };
  return instance.exports.m;
}

describe('a bound of memory that is written into a module', () => {
  it.each([
    ['without one', [1, 0, 1]],
    ['with a larger one', [1, 1, 1, 0x80, 2]],
    ['with its numbers written long', [1, 0, 0x81, 0]],
  ])('holds for one %s', async (_, memory) => {
    const grown = await memoryOf(cappedMemory(moduleOf(memory), 300 * pageBytes + 1));
    expect(grown.buffer.byteLength).toBe(pageBytes);
    expect(grown.grow(299)).toBe(1);
    expect(grown.buffer.byteLength).toBe(300 * pageBytes);
    expect(() => grown.grow(1)).toThrow(RangeError);
  });

  it.each([
    ['no memory', Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])],
    ['two memories', moduleOf([2, 0, 1, 0, 1])],
    ['shared memory', moduleOf([1, 3, 1, 2])],
    ['more memory from its begin', moduleOf([1, 0, 9])],
    ['an end too early', moduleOf([1, 0, 1]).subarray(0, 10)],
    ['a number without an end', moduleOf([1, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80])],
  ])('is refused for a module with %s', (_, binary) => {
    expect(() => cappedMemory(binary, 8 * pageBytes)).toThrow(/^the engine /);
  });

  it('leaves the engine as it is otherwise, which imports what it is given here and nothing else', async () => {
    const binary = readFileSync(createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm'));
    const module = await WebAssembly.compile(cappedMemory(binary, 36 * 1_048_576));
    const imports: { module: string; name: string }[] = Reflect.get(WebAssembly.Module, 'imports')(module);
    expect(imports.map(({ module: from, name }) => `${from}.${name}`).sort()).toEqual([
      'env.host_call',
      'env.host_get_timezone_offset',
      'env.host_interrupt',
      'env.host_module_load',
      'env.host_module_normalize',
      'env.host_promise_rejection',
      'wasi_snapshot_preview1.clock_time_get',
      'wasi_snapshot_preview1.fd_close',
      'wasi_snapshot_preview1.fd_fdstat_get',
      'wasi_snapshot_preview1.fd_seek',
      'wasi_snapshot_preview1.fd_write',
      'wasi_snapshot_preview1.random_get',
    ]);
  });
});
