/** Bytes of a page of WebAssembly's memory. */
export const pageBytes = 65_536;

const memorySection = 5;
/** Of a memory's limits: a maximum follows. */
const hasMaximum = 1;

/**
 * Writes into a module of WebAssembly how much memory it may have at most: whatever its code does, growing beyond that
 * fails. The module must have one memory of its own, as compilers of C make it.
 * @param binary a module in the binary format (WebAssembly Core Specification, 5.5)
 * @throws Error where the module is none, or has no such memory
 */
export function cappedMemory(binary: Uint8Array, mostBytes: number): Uint8Array {
  const most = Math.floor(mostBytes / pageBytes);
  // Eight bytes of magic number and version come first.
  for (let at = 8; at < binary.length; ) {
    const id = binary[at];
    const size = readNumber(binary, at + 1);
    const end = size.next + size.value;
    if (id === memorySection) {
      const section = cappedSection(binary.subarray(size.next, end), most);
      const head = [memorySection, ...numberBytes(section.length)];
      return Buffer.concat([binary.subarray(0, at), Uint8Array.from(head), section, binary.subarray(end)]);
    }
    at = end;
  }
  throw new Error('the engine has no memory of its own');
}

/** The section of a module's memories: their number, and the limits of each. */
function cappedSection(section: Uint8Array, most: number): Uint8Array {
  const count = readNumber(section, 0);
  const flags = section[count.next];
  const least = readNumber(section, count.next + 1);
  if (count.value !== 1 || (flags !== 0 && flags !== hasMaximum)) throw new Error('the engine has no plain memory');
  if (least.value > most) throw new Error(`the engine begins with ${least.value} pages of memory, more than ${most}`);
  return Uint8Array.from([1, hasMaximum, ...numberBytes(least.value), ...numberBytes(most)]);
}

/** An unsigned number in LEB128. @throws Error where it is none of 32 bits */
function readNumber(bytes: Uint8Array, from: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let [at, shift] = [from, 0]; shift < 35; at += 1, shift += 7) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw new Error('the engine is no module of WebAssembly');
}

function numberBytes(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...numberBytes(Math.floor(value / 0x80))];
}
