import type { PluginOutcome } from '../../../../core/ports/plugin-runner.ts';
import { asyncBody, body, of } from './hostile-plugin.ts';

/** It came to a result, and found nothing of what it looked for. */
const foundNothing = (outcome: PluginOutcome): boolean =>
  outcome.ok && JSON.stringify(outcome.output) === '{"spec":{"found":[]}}';

/** Code that returns which of some expressions gave something. */
const looksFor = (expressions: readonly string[]): string =>
  asyncBody(`
    const found = [];
    for (const text of ${JSON.stringify(expressions)}) {
      try {
        const value = await (0, eval)('(async () => (' + text + '))()');
        if (value !== undefined && value !== null && value !== false) found.push(text);
      } catch {}
    }
    return { spec: { found } };
  `);

export const escapes = of(foundNothing, {
  'the global object by Function': looksFor([
    `Function('return this.process')()`,
    `(function () {}).constructor('return this.process')()`,
    `(async () => {}).constructor('return this.process')()`,
    `(function* () {}).constructor('return this.process')().next().value`,
    `(async function* () {}).constructor('return this.require')().next().then((r) => r.value)`,
    `Reflect.construct(Function, ['return this.require'])()`,
    `new (Object.getPrototypeOf(function* () {}).constructor)('return this.process')().next().value`,
  ]),
  'what Node has': looksFor([
    ...['globalThis.process', 'globalThis.require', 'globalThis.module', 'globalThis.Buffer', 'globalThis.global'],
    ...['globalThis.setTimeout', 'globalThis.setInterval', 'globalThis.setImmediate', 'globalThis.WebSocket'],
    ...['globalThis.XMLHttpRequest', 'globalThis.Worker', 'globalThis.MessageChannel', 'globalThis.crypto'],
    ...['globalThis.navigator', 'globalThis.window', 'globalThis.self', 'globalThis.postMessage', 'globalThis.Deno'],
  ]),
  'what QuickJS has on its command line': looksFor([
    ...['globalThis.std', 'globalThis.os', 'globalThis.bjson', 'globalThis.scriptArgs', 'globalThis.print'],
    ...['globalThis.gc', 'globalThis.__loadScript', `import('std')`, `import('os')`, `import('qjs:std')`],
  ]),
  modules: looksFor([
    ...[`import('node:fs')`, `import('fs')`, `import('/etc/passwd')`, `import('./engine.js')`, `import('plugin:x')`],
    ...[`import('data:text/javascript,export default 1')`, `import('https://example.com/x.js')`, `import('')`],
    `import('/etc/passwd', { with: { type: 'json' } })`,
  ]),
  'shared memory and code': looksFor([
    ...['globalThis.WebAssembly', 'globalThis.SharedArrayBuffer', 'globalThis.Atomics'],
    'new ArrayBuffer(8).constructor.Shared',
  ]),
  'functions on the stack': looksFor([
    `(() => { const saved = Error.prepareStackTrace; Error.prepareStackTrace = (_, sites) => sites; const sites = new Error().stack; Error.prepareStackTrace = saved; return Array.isArray(sites) && sites.some((site) => { try { const f = site.getFunction?.(); return f?.process !== undefined || f?.caller != null; } catch { return false; } }); })()`,
    `(function f() { return f.caller; })()`,
    `(() => { try { return arguments.callee.caller; } catch { return null; } })()`,
  ]),
});

/** Code that spoils its own realm: it fails by itself, or its result is as if it had not. */
const spoilt = (outcome: PluginOutcome): boolean => !outcome.ok || typeof outcome.output === 'object';

export const spoiling = of(spoilt, {
  'members of all objects': body('Object.prototype.polluted = "yes"; return { spec: { a: 1 } };'),
  'toJSON of all objects': body('Object.prototype.toJSON = () => ({ decision: "allow" }); return { spec };'),
  'a replaced JSON': body(
    'JSON.stringify = () => "{"; JSON.parse = () => { throw 1; }; globalThis.JSON = null; return { spec };',
  ),
  'a replaced Promise': body(
    'globalThis.Promise = class {}; Promise.prototype.then = null; Object.getPrototypeOf(async () => {}).constructor = null; return { spec };',
  ),
  'a Promise without then': body(
    'const P = (async () => {})().constructor; P.prototype.then = () => { throw 1; }; P.prototype.constructor = null; P.resolve = null; return { spec };',
  ),
  'a replaced console': body('globalThis.console = { log() { throw 1; } }; return { spec };'),
  'replaced methods of lists and texts': body(
    'Array.prototype[Symbol.iterator] = () => { throw 1; }; Array.prototype.map = Array.prototype.push = null; String.prototype.slice = () => { throw 1; }; console.log("x"); return { spec };',
  ),
  'a module that is a promise': 'export function then(go) { go({ transformSpec: () => ({ spec: { then: 1 } }) }); }',
  'a module that never loads': 'await new Promise(() => {}); export function transformSpec() {}',
  'everything frozen': body(
    'for (const name of Object.getOwnPropertyNames(globalThis)) { try { Object.freeze(globalThis[name]?.prototype); Object.freeze(globalThis[name]); } catch {} } return { spec };',
  ),
  'everything deleted': body(
    'for (const name of Object.getOwnPropertyNames(globalThis)) { try { delete globalThis[name]; } catch {} } return { spec };',
  ),
});

/** What waits for anything waits for ever. */
export const waiting = of(['plugin.timeout'], {
  'then of all objects': body(
    'Object.prototype.then = function (go) { go({ spec: { polluted: 1 } }); }; return { spec };',
  ),
});
