import { asyncBody, body, of } from './hostile-plugin.ts';

const timeout = ['plugin.timeout'] as const;

export const loops = of(timeout, {
  'an endless for': body('for (;;) {}'),
  'an endless while': body('while (true) {}'),
  'an endless do': body('do {} while (1);'),
  'an endless loop that catches everything': body('for (;;) { try { for (;;) {} } catch {} finally { for (;;) {} } }'),
  'an endless loop while it is loaded': 'for (;;) {} export function transformSpec() {}',
  'an endless loop in a class block': 'class A { static { for (;;) {} } } export function transformSpec() {}',
  'an endless generator': body('function* all() { for (;;) yield 1; } for (const _ of all()) {}'),
  'an endless async loop': asyncBody('for (;;) await 1;'),
  'an endless async generator': asyncBody(
    'async function* all() { for (;;) yield 1; } for await (const _ of all()) {}',
  ),
  'a promise that starts the next': asyncBody('const next = () => Promise.resolve().then(next); await next();'),
  'microtasks that queue microtasks': body(
    'const next = () => queueMicrotask(next); next(); return new Promise(() => {});',
  ),
  'a thenable that is never done': asyncBody('const t = { then(go) { go(t); } }; await t;'),
  'a proxy that answers for ever': body(
    'return { spec: new Proxy({}, { ownKeys() { for (;;) {} }, getOwnPropertyDescriptor() { for (;;) {} } }) };',
  ),
  'toJSON that loops': body('return { spec: { toJSON() { for (;;) {} } } };'),
  'a getter of the result that loops': body('return { get spec() { for (;;) {} } };'),
  'a result that never ends': body(
    'const endless = () => new Proxy({}, { ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true, writable: true }), get: (_, name) => name === "toJSON" ? undefined : endless() }); let all = endless(); for (;;) all = all.a;',
  ),
  'valueOf that loops': body('return +{ valueOf() { for (;;) {} } };'),
  'a comparison that loops': body('return [3, 1, 2].sort(() => { for (;;) {} });'),
  'a replacement that loops': body('return "aaa".replace(/a/g, () => { for (;;) {} });'),
  'a reviver that loops': body('return JSON.parse("[1]", () => { for (;;) {} });'),
  'an iterator that is never done': body('return [...{ [Symbol.iterator]: () => ({ next: () => { for (;;) {} } }) }];'),
  'labels and continues': body('a: for (;;) { b: for (;;) { continue a; } }'),
  'a search in an array without an end': body('return new Array(2 ** 32 - 1).indexOf(1);'),
  'a turned array without an end': body('return Array.prototype.reverse.call({ length: 2 ** 53 - 1 });'),
  'a search from the back without an end': body('return Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1);'),
  'a copy within without an end': body('return Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 0, 1);'),
});

export const expressions = of(['plugin.timeout', 'plugin.memory', 'plugin.threw', 'plugin.stack'], {
  'a pattern that tries everything': body('return /^(a+)+$/.test("a".repeat(50) + "!");'),
  'a pattern of alternatives': body('return /^(a|a)*$/.test("a".repeat(50) + "!");'),
  'a pattern that refers back': body('return /^(.*?,){40}x/.test(",".repeat(200));'),
  'a pattern that looks ahead': body('return /(?=(a+))(a+)*b/.test("a".repeat(60));'),
  'a pattern nested in patterns': body('return new RegExp("(".repeat(50_000) + "a" + ")".repeat(50_000)).test("a");'),
  'a pattern with large counts': body('return new RegExp("(?:a{1000}){1000}".repeat(3)).test("a".repeat(1e6));'),
  'a pattern that matches nothing for ever': body('return /(?:a*)*b/.test("a".repeat(40));'),
  'a pattern that splits': body('return ("a".repeat(30) + "!").split(/(a+)+$/);'),
});

export const recursion = of(['plugin.stack', 'plugin.threw'], {
  'a function that calls itself': body('const f = () => f() + 1; return f();'),
  'two functions that call each other': body('const f = () => g() + 1; const g = () => f() + 1; return f();'),
  'toString that asks for itself': body('const o = { toString() { return "" + o; } }; return "" + o;'),
  'a getter that gets itself': body('const o = { get a() { return this.a; } }; return o.a;'),
  'a setter that sets itself': body('const o = { set a(v) { this.a = v; } }; o.a = 1;'),
  'a proxy of itself': body('const p = new Proxy({}, {}); Object.setPrototypeOf(p, p); return p.missing;'),
  'a constructor that constructs itself': body('class A { constructor() { new A(); } } new A();'),
  'apply of apply': body('const f = (...list) => Reflect.apply(f, null, list); f();'),
  'sorting within sorting': body('const f = () => [2, 1].sort(f); f();'),
  'a proxy whose trap asks it again': body('const p = new Proxy({}, { get: (_, name) => p[name] }); return p.a;'),
});

export const nesting = of(['plugin.stack', 'plugin.threw', 'plugin.memory', 'plugin.output', 'plugin.timeout'], {
  'a list nested in the code': `export const list = ${'['.repeat(60_000)}${']'.repeat(60_000)}; export function transformSpec() {}`,
  'parentheses nested in the code': `export const n = ${'('.repeat(60_000)}1${')'.repeat(60_000)}; export function transformSpec() {}`,
  'blocks nested in the code': `export function transformSpec() { ${'{'.repeat(60_000)}${'}'.repeat(60_000)} }`,
  'functions nested in the code': `export const f = ${'() => '.repeat(30_000)}1; export function transformSpec() {}`,
  'JSON nested in JSON': body('return JSON.parse("[".repeat(100000) + "]".repeat(100000));'),
  'a result nested in itself': body('let spec = {}; for (let n = 0; n < 1e5; n++) spec = { spec }; return { spec };'),
  'a result a little too deep': body('let spec = {}; for (let n = 0; n < 40; n++) spec = { spec }; return { spec };'),
  'templates nested in eval': body('return eval("`$" + "{`$".repeat(20000) + "{1}`" + "}`".repeat(20000));'),
});
