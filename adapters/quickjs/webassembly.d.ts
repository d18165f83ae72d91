/**
 * What this room uses of WebAssembly. TypeScript describes it together with the whole of a browser, and the types of Node
 * not at all.
 */
declare namespace WebAssembly {
  /** Compiled code: it can be sent to other threads, and holds no memory. */
  class Module {
    private readonly compiled: true;
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  /** Code ended in a trap. */
  class RuntimeError extends Error {}
  function compile(binary: Uint8Array): Promise<Module>;
}
