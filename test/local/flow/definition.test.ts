import validate from 'asl-validator';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../core/digest.ts';
import { EngineError } from '../../../core/errors.ts';
import { orchestrationFunctions } from '../../../core/wiring/flow-functions.ts';
import { loadDefinition, substitute } from '../../../local/flow/definition.ts';
import { buildDefinition, builderTask, buildSubstitutions, functionTask, machineText, tokenTask } from './machine.ts';

/** What a definition is refused for: `place reason` of each error. */
function refusals(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === 'configuration.invalid') {
      return thrown.fields.map((field) => `${field.path} ${field.reason}`);
    }
    throw thrown;
  }
  return [];
}

/** The place of a substitution. */
function hole(name: string): string {
  return `\${${name}}`;
}

describe('the build state machine', () => {
  it('is what an independent validator of the states language accepts', () => {
    expect(validate(JSON.parse(buildDefinition))).toMatchObject({ isValid: true, errors: [] });
  });

  it('is executed as it is', () => {
    const definition = loadDefinition(substitute(buildDefinition, buildSubstitutions));
    expect([...definition.scope.States.keys()]).toEqual(['RunStages', 'FinalizeBuild']);
    expect(Object.keys(buildSubstitutions)).toEqual(
      expect.arrayContaining([...Object.keys(orchestrationFunctions), 'Cluster', 'TaskDefinition']),
    );
  });

  it('is refused where a name has no value, or a value that would change the text around it', () => {
    const { SettleStage: _, ...others } = buildSubstitutions;
    expect(refusals(() => substitute(buildDefinition, others))).toEqual([`${hole('SettleStage')} has no value`]);
    expect(refusals(() => substitute(`{"a":"${hole('A')}"}`, { A: 'x","b":"' }))).toEqual([
      `${hole('A')} has a value that JSON must escape`,
    ]);
    expect(substitute(`{"a":"${hole('A')}-${hole('A')}"}`, { A: 'x' })).toBe('{"a":"x-x"}');
  });
});

const pass = { Type: 'Pass', End: true };
const inMap = (states: JsonObject, more: JsonObject = {}): JsonObject => ({
  Type: 'Map',
  Items: [],
  ItemProcessor: { StartAt: Object.keys(states)[0] ?? '', States: states },
  End: true,
  ...more,
});

describe('a definition is refused with the place and name of', () => {
  const table: readonly [string, string | JsonObject, string][] = [
    ['text that is no JSON', '{', 'definition Expected'],
    ['the older query language', machineText({ A: pass }, { QueryLanguage: 'JSONPath' }), 'QueryLanguage must be'],
    ['an unknown field of the machine', machineText({ A: pass }, { Extra: 1 }), 'definition Unrecognized key: "Extra"'],
    ['an unsupported type', { A: { Type: 'Parallel', Branches: [], End: true } }, 'States.A.Type "Parallel" is not'],
    ['an unknown field', { A: { ...pass, Nxt: 'B' } }, 'States.A Unrecognized key: "Nxt"'],
    ['a field of JSONPath', { A: { ...pass, ResultPath: '$.a' } }, 'States.A Unrecognized key: "ResultPath"'],
    ['a state in JSONPath', { A: { ...pass, QueryLanguage: 'JSONPath' } }, 'States.A.QueryLanguage'],
    ['an unsupported resource', { A: functionTask({ Resource: 'arn:aws:states:::sqs:sendMessage' }) }, 'A.Resource'],
    ['a heartbeat', { A: tokenTask({ HeartbeatSeconds: 5 }) }, 'States.A Unrecognized key: "HeartbeatSeconds"'],
    [
      'a distributed Map',
      {
        A: inMap(
          { B: pass },
          { ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED' }, StartAt: 'B', States: { B: pass } } },
        ),
      },
      'A.ItemProcessor.ProcessorConfig.Mode',
    ],
    ['an unknown state in a Map', { A: inMap({ B: { Type: 'Loop' } }) }, 'States.A.ItemProcessor.States.B.Type "Loop"'],
    ['a missing start', machineText({ A: pass }, { StartAt: 'B' }), 'States has no state "B" to start at'],
    ['a missing target', { A: { Type: 'Pass', Next: 'B' } }, 'States.A leads to "B"'],
    [
      'a catcher to a state of another scope',
      { A: inMap({ B: functionTask({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'A' }] }) }) },
      'States.B leads to "A"',
    ],
    ['a state that is not reached', { A: pass, B: pass }, 'States.B is not reached'],
    ['both Next and End', { A: { Type: 'Pass', Next: 'B', End: true }, B: pass }, 'States.A must have exactly one'],
    ['neither Next nor End', { A: { Type: 'Pass' } }, 'States.A must have exactly one'],
    ['a name used twice', { A: inMap({ A: pass }) }, 'States.A.ItemProcessor.States.A has the name of States.A'],
    ['States.ALL beside others', { A: functionTask({ Retry: [{ ErrorEquals: ['States.ALL', 'X'] }] }) }, 'stand alone'],
    [
      'States.ALL before others',
      { A: functionTask({ Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['X'] }] }) },
      'Retry[0].ErrorEquals holds States.ALL, which must come last',
    ],
    [
      'a retrier below one second',
      { A: functionTask({ Retry: [{ ErrorEquals: ['X'], IntervalSeconds: 0 }] }) },
      'States.A.Retry[0].IntervalSeconds',
    ],
    [
      'an assignment to an outer variable',
      { A: { Type: 'Pass', Assign: { x: 1 }, Next: 'M' }, M: inMap({ B: { ...pass, Assign: { x: 2 } } }) },
      'B.Assign assigns "x" of the scope around it',
    ],
    ['an assignment to $states', { A: { ...pass, Assign: { states: 1 } } }, 'States.A.Assign assigns "states"'],
    ['a variable that nobody assigns', { A: { ...pass, Output: '{% $x %}' } }, 'States.A.Output uses $x'],
    [
      'an inner variable outside',
      { M: { ...inMap({ B: { ...pass, Assign: { x: 1 } } }), Output: '{% $x %}' } },
      'States.M.Output uses $x',
    ],
    ['$eval', { A: { ...pass, Output: "{% $eval('1') %}" } }, 'uses $eval'],
    ['the time', { A: { ...pass, Output: '{% $now() %}' } }, 'uses $now'],
    ['an intrinsic function', { A: { ...pass, Output: "{% States.Format('x') %}" } }, 'begins with a plain name'],
    [
      'a JSONPath key',
      { A: functionTask({ Arguments: { FunctionName: 'f', Payload: { 'a.$': '$.b' } } }) },
      'States.A.Arguments.Payload.a.$',
    ],
    ['an expression that does not compile', { A: { ...pass, Output: '{% ( %}' } }, 'States.A.Output does not compile'],
    ['an expression inside a string', { A: { ...pass, Output: 'x {% 1 %}' } }, 'States.A.Output holds an expression'],
    ['$$', { A: { ...pass, Output: '{% $$.a %}' } }, 'uses $$'],
    ['$states whole', { A: { ...pass, Output: '{% $states %}' } }, 'uses $states whole'],
    ['an unknown member of $states', { A: { ...pass, Output: '{% $states.output %}' } }, 'uses $states.output'],
    [
      '$states.result before there is one',
      { A: functionTask({ Arguments: { FunctionName: 'f', Payload: '{% $states.result %}' } }) },
      'A.Arguments.Payload uses $states.result',
    ],
    [
      '$states.errorOutput outside Catch',
      { A: functionTask({ Output: '{% $states.errorOutput %}' }) },
      'uses $states.errorOutput',
    ],
    [
      'an unknown part of the context',
      { A: { ...pass, Output: '{% $states.context.Execution.RoleArn %}' } },
      'uses $states.context.Execution.RoleArn',
    ],
    [
      'a nested use of the context',
      { A: { ...pass, Output: '{% $states.input[id = $states.context.Machine.Id] %}' } },
      'uses $states.context.Machine.Id',
    ],
    [
      'a token where none is waited for',
      { A: functionTask({ Arguments: { FunctionName: 'f', Payload: '{% $states.context.Task.Token %}' } }) },
      'uses the task token',
    ],
    [
      'a token that nobody gets',
      { A: tokenTask({ Arguments: { FunctionName: 'f' } }) },
      'States.A.Arguments hands nobody',
    ],
    [
      'a computed function name',
      { A: functionTask({ Arguments: { FunctionName: '{% $states.input.f %}' } }) },
      'States.A.Arguments.FunctionName must name',
    ],
    [
      'an unsupported argument',
      { A: functionTask({ Arguments: { FunctionName: 'f', InvocationType: 'Event' } }) },
      'States.A.Arguments.InvocationType is not supported',
    ],
    [
      'StartedBy, which Step Functions sets itself',
      { A: builderTask({ Arguments: { TaskDefinition: 't', StartedBy: 'x' } }) },
      'States.A.Arguments.StartedBy is not supported',
    ],
  ];
  it.each(table)('%s', (_, definition, reason) => {
    const text = typeof definition === 'string' ? definition : machineText(definition);
    expect(refusals(() => loadDefinition(text)).join('\n')).toContain(reason);
  });

  it('every error at once', () => {
    const states = { A: { ...pass, Extra: 1 }, B: { Type: 'Parallel' } };
    expect(refusals(() => loadDefinition(machineText(states)))).toHaveLength(2);
  });
});

it('parameters, local variables and predicates are no unknown names', () => {
  const output =
    '{% ($f := function($n) { $n + 1 }; $map($states.input.list[a = 1], function($v, $i) { $f($v.a) + $i })) %}';
  expect(refusals(() => loadDefinition(machineText({ A: { ...pass, Output: output } })))).toEqual([]);
});
