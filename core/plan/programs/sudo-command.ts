/**
 * A command as sudo takes it: an absolute path without `.` and `..`, then nothing (any arguments), `""` (none), or
 * exactly these arguments. Wildcards are not among the characters: sudo's `*` matches spaces and slashes, so it lets
 * through more than anyone means. `,` `:` and `=` mean something to sudoers(5): the builder escapes them.
 */
export const sudoCommand = /^(?:\/[A-Za-z0-9_+@-][A-Za-z0-9._+@-]*)+(?: ""|(?: [A-Za-z0-9._+@%/:=,-]+)*)$/;
