import { asyncBody, body, of } from './hostile-plugin.ts';

export const greed = of(['plugin.memory', 'plugin.threw', 'plugin.timeout'], {
  'a list that grows': body('const list = []; for (;;) list.push({});'),
  'lists of lists': body('const list = []; for (;;) list.push(new Array(1000).fill(0));'),
  'a text that doubles': body('let text = "ab"; for (;;) text += text;'),
  'texts that are kept': body('const list = []; for (let n = 0; ; n++) list.push("x".repeat(1000) + n);'),
  repeat: body('return "x".repeat(2 ** 29);'),
  padStart: body('return "x".padStart(2 ** 29, "ab");'),
  'a large buffer': body('return new ArrayBuffer(2 ** 31 - 1);'),
  'a buffer that can grow': body(
    'const b = new ArrayBuffer(8, { maxByteLength: 2 ** 31 - 1 }); b.resize(2 ** 31 - 1); return b;',
  ),
  'a large typed array': body('return new Float64Array(2 ** 28);'),
  'typed arrays that are kept': body('const list = []; for (;;) list.push(new Uint8Array(65536).fill(1));'),
  'an array of a length': body('return new Array(2 ** 28).fill(1);'),
  'Array.from of a length': body('return Array.from({ length: 2 ** 31 });'),
  'a map that grows': body('const map = new Map(); for (let n = 0; ; n++) map.set(n, n);'),
  'a set of symbols': body('const set = new Set(); for (;;) set.add(Symbol("x".repeat(100)));'),
  'symbols that are registered': body('for (let n = 0; ; n++) Symbol.for("x" + n);'),
  'names of members': body('const o = {}; for (let n = 0; ; n++) o["x" + n] = n;'),
  'closures that hold each other': body(
    'let f = () => 0; for (;;) { const g = f, big = new Array(100).fill(g); f = () => big; }',
  ),
  'a large shift': body('return 1n << (2n ** 30n);'),
  'a large power': body('return 3n ** (10n ** 7n);'),
  'a number in many digits': body('return (2n ** 8_000_000n).toString();'),
  join: body('return new Array(2 ** 24).join("x".repeat(1000));'),
  'JSON with wide indentation': body(
    'let o = {}; for (let n = 0; n < 900; n++) o = [o]; return JSON.stringify(Array(1000).fill(o), null, 10);',
  ),
  'one list a thousand times in the result': body(
    'let o = "x".repeat(100); for (let n = 0; n < 8; n++) o = Array(20).fill(o); return { spec: { o } };',
  ),
  'a template that grows': body('let t = "x"; for (;;) t = `$' + '{t}$' + '{t}`;'),
  'split into letters': body('return "x".repeat(3_000_000).split("").map((c) => c + c);'),
  'a spread': body('return Math.max(...new Array(2 ** 24).fill(1));'),
  arguments: body('return String.fromCharCode.apply(null, new Array(2 ** 23).fill(65));'),
  'promises that are kept': asyncBody('const list = []; for (;;) list.push(new Promise(() => {}));'),
  'reactions to one promise': asyncBody('const p = new Promise(() => {}); for (;;) p.then(() => {});'),
  'code made by code': body(
    'for (let n = 0; ; n++) globalThis["f" + n] = Function("return " + "1+".repeat(1000) + n);',
  ),
  'an error with a long stack': body(
    'const list = []; for (;;) { const e = new Error("x".repeat(10_000)); list.push(e.stack, e); }',
  ),
  'a storm of promises': asyncBody(
    'const storm = async () => { await Promise.all([storm(), storm()]); }; await storm();',
  ),
  'a pattern with many groups': body('return new RegExp("(a)?".repeat(100_000)).exec("a".repeat(100_000));'),
  normalize: body('return "\\ufdfa".repeat(2_000_000).normalize("NFKD");'),
  'structures that are kept alive': body(
    'const registry = new FinalizationRegistry(() => {}); const list = []; for (;;) { const o = {}; registry.register(o, 1); list.push(new WeakRef(o), o); }',
  ),
});
