import { readFile } from 'node:fs/promises';
import { cappedMemory } from './capped-memory.ts';

/** Bytes that the engine takes for itself: its data, its stack, and what lies unused between values. */
const engineBytes = 4 * 1_048_576;

/**
 * Compiles the engine, with the most memory that it may ever have written into it.
 * @param memoryBytes that values may take
 * @throws Error where the file cannot be read, or is no engine
 */
export async function compileEngine(file: string, memoryBytes: number): Promise<WebAssembly.Module> {
  return await WebAssembly.compile(cappedMemory(await readFile(file), memoryBytes + engineBytes));
}
