import type { PluginOutcome } from '../../../../core/ports/plugin-runner.ts';
import { body, of } from './hostile-plugin.ts';

export const results = of(['plugin.output', 'plugin.output_too_large', 'plugin.memory', 'plugin.threw'], {
  'a giant text': body('return { spec: { a: "x".repeat(2_000_000) } };'),
  'a giant list': body('return { spec: { a: new Array(700_000).fill(1) } };'),
  'letters that UTF-8 makes long': body('return { spec: { a: "\\u4e2d".repeat(400_000) } };'),
  'a circle': body('spec.spec = spec; return { spec };'),
  'a function': body('return () => 1;'),
  'a symbol': body('return Symbol("x");'),
  'a large integer': body('return { spec: { a: 1n } };'),
  'a member __proto__': body('return { spec: JSON.parse(\'{"__proto__": {"polluted": 1}}\') };'),
  'a member __proto__ deep within': body('return { spec: { a: [{ ["__proto__"]: { polluted: 1 } }] } };'),
  'half of a surrogate pair': body('return { spec: { a: "\\ud800" } };'),
  'a result that throws as it is read': body('return { get spec() { throw new Error("no"); } };'),
});

/** They aim at whoever reads an error outside of the sandbox. */
export const readers = of(['plugin.threw', 'plugin.timeout', 'plugin.memory', 'plugin.crashed'], {
  'an error of giant texts beside all promises': body(
    'queueMicrotask(() => { const s = "x".repeat(14e6); throw { name: s, message: s, stack: s }; }); return new Promise(() => {});',
  ),
  'an error that makes an error each time it is read': body(
    'const s = "x".repeat(3e6); let n = 0; class E { get name() { return s + n++; } get message() { return s + n++; } get stack() { throw new E(); } } queueMicrotask(() => { throw new E(); }); return new Promise(() => {});',
  ),
  'an end whose own error is spoilt': body(
    'const s = "x".repeat(5e6); const e = { name: s, message: s, get stack() { throw e; } }; for (const C of [Error, InternalError]) Object.defineProperty(C.prototype, "name", { get() { throw e; } }); for (;;) {}',
  ),
  'memory that gives out while its error is read': body(
    'Object.defineProperty(InternalError.prototype, "name", { get() { return "x".repeat(1e7); } }); const list = []; for (;;) list.push(new Uint8Array(65536));',
  ),
});

export const throwing = of(['plugin.threw'], {
  null: body('throw null;'),
  undefined: body('throw undefined;'),
  'a symbol is thrown': body('throw Symbol("x");'),
  'a proxy is thrown': body('throw new Proxy({}, { get() { throw new Proxy({}, { get() { throw 1; } }); } });'),
  'an error with getters that throw': body(
    'const e = new Error("x"); for (const n of ["name", "message", "stack", "code"]) Object.defineProperty(e, n, { get() { throw e; } }); throw e;',
  ),
  'a giant message': body('throw new Error("x".repeat(5_000_000));'),
  'a message for a terminal': body('throw new Error("\\u001b[2J\\u001b]0;title\\u0007\\u202eevil\\r\\nline");'),
  'a microtask that throws what throws': body(
    'const e = { get message() { throw e; }, get name() { throw e; }, toString() { throw e; } }; queueMicrotask(() => { throw e; }); return new Promise(() => {});',
  ),
  'an imitated end': body('throw Object.assign(new Error("interrupted"), { code: "plugin.timeout" });'),
});

const logged = (outcome: PluginOutcome): boolean => {
  const bytes = outcome.log.lines.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 0);
  return outcome.log.truncated && bytes <= 65_536 && outcome.log.lines.length <= 1_000;
};

export const talking = of(logged, {
  'one giant line': body('console.log("x".repeat(5_000_000)); return { spec };'),
  'many lines': body('for (let n = 0; n < 100_000; n++) console.error("line", n); return { spec };'),
  'many empty lines': body('for (let n = 0; n < 100_000; n++) console.log(); return { spec };'),
  'one text of many lines': body('console.log("\\n".repeat(60_000)); return { spec };'),
  'many arguments': body('console.log(...new Array(20_000).fill("xxxxxxxxxx")); return { spec };'),
  'a giant value': body('console.warn(new Array(100_000).fill({ a: 1 })); return { spec };'),
});

export const silent = of((outcome) => !outcome.ok && outcome.code === 'plugin.unsettled', {
  'a promise that nobody settles': body('return new Promise(() => {});'),
});
