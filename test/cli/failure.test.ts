import { expect, it } from 'vitest';
import { asCliFailure, CliFailure, failureText } from '../../cli/failure.ts';
import { UsageError } from '../../sdk/engine-error.ts';
import { ChecksumMismatch, DownloadChanged } from '../../sdk/resuming.ts';
import { UploadRefused } from '../../sdk/uploads.ts';

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

const file = { name: 'edge.iso', size: 2, sha256: 'a'.repeat(64) };

it.each([
  [new DownloadChanged(file), 'failed', 'download.changed'],
  [new ChecksumMismatch(file, { size: 1, sha256: '' }), 'failed', 'download.damaged'],
  [new UploadRefused(400), 'failed', 'upload.refused'],
  [new UsageError('the name "../x" is no file name', 'Give a stream.'), 'usage', 'client.usage'],
])('an error of the SDK keeps its code and what to do: %s', (error, exit, code) => {
  const failure = asCliFailure(error);
  expect(failure).toMatchObject({ exit, code, message: error.message, remedy: error.remedy });
  expect(failure.remedy).not.toBe('See the message.');
});
