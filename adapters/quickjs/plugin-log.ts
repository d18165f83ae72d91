import { printable } from '../../core/builds/printable.ts';
import { utf8 } from '../../core/json.ts';
import type { PluginLimits, PluginLog, PluginLogLine } from '../../core/ports/plugin-runner.ts';

/** The log of a run: a plugin wrote it, and may be hostile. What is too much is left out, and that it was is told. */
export class PluginLogBook {
  readonly #limits: Pick<PluginLimits, 'logBytes' | 'logLines'>;
  readonly #lines: PluginLogLine[] = [];
  #bytes = 0;
  #truncated = false;

  constructor(limits: Pick<PluginLimits, 'logBytes' | 'logLines'>) {
    this.#limits = limits;
  }

  /** Adds a text, of one line or several. */
  add(level: PluginLogLine['level'], text: string): void {
    if (this.#truncated) return;
    for (const line of text.split(/\r\n|[\r\n]/)) {
      const shown = printable(line).toWellFormed();
      if (this.#lines.length >= this.#limits.logLines) {
        this.#truncated = true;
        return;
      }
      // The end of a line counts too: empty ones are not for nothing.
      const left = this.#limits.logBytes - this.#bytes - 1;
      const bytes = utf8(shown);
      this.#bytes += bytes.length + 1;
      this.#truncated = bytes.length > left;
      if (left >= 0) this.#lines.push({ level, text: this.#truncated ? beginOf(bytes, left) : shown });
      if (this.#truncated) return;
    }
  }

  read(): PluginLog {
    return { lines: [...this.#lines], truncated: this.#truncated };
  }
}

/** The text that fits into so many bytes, without half of a character at its end. */
const beginOf = (bytes: Uint8Array, length: number): string =>
  new TextDecoder().decode(bytes.subarray(0, length), { stream: true });
