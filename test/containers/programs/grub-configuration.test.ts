import { describe, expect, it } from 'vitest';
import { grubConfiguration } from '../../../containers/builder/programs/boot/grub-configuration.ts';

describe('grub.cfg', () => {
  it('quotes what users give, so that it stays one word each', () => {
    const text = grubConfiguration("it's }", ['quiet', "a='x; reboot'", 'b=$(c)']);
    expect(text).toContain("menuentry 'it'\\''s }' {");
    expect(text).toContain("linux /live/vmlinuz 'boot=live' 'quiet' 'a='\\''x; reboot'\\''' 'b=$(c)'\n");
  });

  it.each([
    ['no serial console', ['quiet'], undefined],
    ['the first serial line', ['console=ttyS0'], 'serial --unit=0 --speed=115200'],
    ['another line and speed', ['console=tty0', 'console=ttyS1,9600n8'], 'serial --unit=1 --speed=9600'],
  ])('follows %s of the kernel', (_, cmdline, serial) => {
    const line = grubConfiguration('x', cmdline)
      .split('\n')
      .find((each) => each.startsWith('serial'));
    expect(line).toBe(serial);
  });

  it.each(['a\nmenuentry', 'a\tb', 'ä', ''])('refuses the argument %j', (argument) => {
    expect(() => grubConfiguration('x', ['quiet', argument])).toThrow(/kernel\.cmdline\[1\]/);
  });
});
