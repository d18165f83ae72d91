/**
 * What runs in the sandbox before a plugin does, and calls it. It keeps what it uses of the language before anybody can
 * replace it, hands out nothing but `console`, `fetch` and a guarded `Date`, `Math.random` and `performance`, and tells
 * all that comes out as text. It is convenience and clear errors, not the wall: whatever a plugin gets hold of here, it
 * can only log, ask what is judged outside, and say what its own result is. It is a function of
 * (log, ask, settle, settings as JSON), which gives the function that runs a hook.
 */
export const prelude = String.raw`(function (log, ask, settle, given) {
  'use strict';
  const { parse, stringify } = JSON;
  const { apply, construct, defineProperty } = Reflect;
  const { entries, keys } = Object;
  const [RealDate, RealError, RealString] = [Date, Error, String];
  const [sliceText, upper] = ['slice', 'toUpperCase'].map((name) => {
    const method = String.prototype[name];
    return (text, ...list) => apply(method, text, list);
  });
  const isList = Array.isArray;
  const settings = parse(given);
  const { clock, random, outputLength } = settings;

  const cut = (text, length) => (text.length > length ? sliceText(text, 0, length) : text);
  const failure = (code, message) => {
    const error = new RealError(message);
    defineProperty(error, 'code', { value: code, enumerable: true });
    return error;
  };
  const notGranted = (what, want) =>
    failure('plugin.not_granted', what + ' is not there: declare wants.' + want + ', and have an admin grant it');
  const set = (target, name, value) =>
    defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });

  // Text of anything, and never an error.
  const shown = (value) => {
    try {
      if (typeof value === 'string') return value;
      if (value instanceof RealError) return RealString(value.stack ? value + '\n' + value.stack : value);
      const json = typeof value === 'object' && value !== null ? stringify(value) : undefined;
      return typeof json === 'string' ? json : RealString(value);
    } catch {
      return '(a value that cannot be shown)';
    }
  };
  const textOf = (value, length) => (typeof value === 'string' ? cut(value, length) : '');

  const console = {};
  for (const level of ['debug', 'log', 'info', 'warn', 'error']) {
    set(console, level, (...values) => {
      let line = '';
      for (let at = 0; at < values.length && line.length < settings.logLength; at += 1) {
        line += (at === 0 ? '' : ' ') + cut(shown(values[at]), settings.logLength);
      }
      log(level, cut(line, settings.logLength));
    });
  }
  set(globalThis, 'console', console);

  if (clock === undefined) {
    const needsClock = () => {
      throw notGranted('the time', 'clock');
    };
    function GuardedDate(...list) {
      return new.target === undefined || list.length === 0 ? needsClock() : construct(RealDate, list, new.target);
    }
    GuardedDate.prototype = RealDate.prototype;
    set(GuardedDate, 'name', 'Date');
    set(GuardedDate, 'now', needsClock);
    set(GuardedDate, 'parse', RealDate.parse);
    set(GuardedDate, 'UTC', RealDate.UTC);
    set(RealDate.prototype, 'constructor', GuardedDate);
    set(globalThis, 'Date', GuardedDate);
    set(globalThis, 'performance', { now: needsClock });
  } else {
    set(globalThis, 'performance', { timeOrigin: clock, now: () => 0 });
  }

  if (random === undefined) {
    set(Math, 'random', () => {
      throw notGranted('randomness', 'random');
    });
  } else {
    // sfc32 by Chris Doty-Humphrey (PractRand): 128 bits of state.
    let [a, b, c, d] = random;
    const next = () => {
      const sum = (((a + b) | 0) + d) | 0;
      d = (d + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (c << 21) | (c >>> 11);
      c = (c + sum) | 0;
      return sum >>> 0;
    };
    for (let warm = 0; warm < 12; warm += 1) next();
    set(Math, 'random', () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992);
  }

  // Memory that is shared and waited for is of threads, of which there are none.
  delete globalThis.SharedArrayBuffer;
  delete globalThis.Atomics;

  set(globalThis, 'fetch', async (url, options) => {
    if (!settings.fetch) throw notGranted('fetch', 'fetch');
    const { method = 'GET', headers = {}, body } = options ?? {};
    if (body !== undefined && body !== null && typeof body !== 'string') {
      throw failure('plugin.fetch_refused', 'the body is no text');
    }
    const request = {
      url: RealString(url),
      method: upper(RealString(method)),
      headers: (isList(headers) ? headers : entries(headers)).map((pair) => [RealString(pair[0]), RealString(pair[1])]),
      body: body ?? null,
    };
    const answer = parse(await ask(stringify(request)));
    if (!answer.ok) throw failure(answer.code, answer.reason);
    const text = async () => answer.body;
    return {
      status: answer.status,
      ok: answer.status >= 200 && answer.status < 300,
      headers: answer.headers,
      text,
      json: async () => parse(answer.body),
    };
  });

  const tellThrown = (kind, thrown) => {
    let name = '';
    let message = '';
    let code = '';
    let stack = '';
    try {
      if (typeof thrown === 'object' && thrown !== null) {
        name = textOf(thrown.name, 100);
        message = textOf(thrown.message, 1000);
        code = textOf(thrown.code, 100);
        stack = textOf(thrown.stack, 2000);
      }
      if (message === '' && name === '') message = cut(shown(thrown), 1000);
    } catch {
      message = '(what was thrown cannot be shown)';
    }
    settle(kind, name, message, code, stack);
  };

  return async (loading, hook, input) => {
    let module;
    try {
      module = await loading;
      if (hook === '') {
        settle('ok', stringify(keys(module).filter((name) => typeof module[name] === 'function')));
        return;
      }
    } catch (thrown) {
      tellThrown('threw', thrown);
      return;
    }
    let result;
    try {
      const called = module[hook];
      if (typeof called !== 'function') {
        settle('missing');
        return;
      }
      result = await called(parse(input));
    } catch (thrown) {
      tellThrown('threw', thrown);
      return;
    }
    let output;
    try {
      output = result === undefined ? 'null' : stringify(result);
    } catch (thrown) {
      tellThrown('no-json', thrown);
      return;
    }
    if (typeof output !== 'string') settle('no-json', '', 'it is a ' + typeof result);
    else if (output.length > outputLength) settle('too-large', RealString(output.length));
    else settle('ok', output);
  };
})`;
