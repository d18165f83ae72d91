import { expect, it } from 'vitest';
import { asCliFailure, CliFailure, failureText } from '../../cli/failure.ts';

it('a failure is shown line by line, without what a terminal would act on', () => {
  const failure = new CliFailure('failed', {
    code: 'layer.unreadable',
    detail: 'srv/\u001b[2Jx stands in no folder.\nThe log ends so: \u202eend',
    remedy: 'Build it again.',
    fields: [{ path: 'a\u0007b', code: 'c', reason: 'is \u009bodd', remedy: 'Mend it.' }],
  });
  expect(failureText(failure)).toBe(
    [
      'error: srv/x stands in no folder.',
      'The log ends so: end  [layer.unreadable]',
      '  ab: is odd  [c]',
      '      Mend it.',
      '  Build it again.',
    ].join('\n'),
  );
  expect(asCliFailure(failure)).toBe(failure);
});
