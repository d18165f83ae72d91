/** Whether an output makes something of a field or can be made somewhere. Texts are sentences or parts of one. */
export type Verdict =
  | { readonly supported: true; readonly note?: string }
  | { readonly supported: false; readonly reason: string; readonly remedy: string };

export const yes: Verdict = { supported: true };
export const noted = (note: string): Verdict => ({ supported: true, note });
export const no = (reason: string, remedy: string): Verdict => ({ supported: false, reason, remedy });
