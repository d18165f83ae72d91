import { type Ssh, sshPath } from '../../../../core/spec/configuration/ssh.ts';
import { type ConfigurationFile, linesFile } from './configuration-file.ts';

const word = (value: boolean) => (value ? 'yes' : 'no');

/** A drop-in of sshd_config(5): a line for each member that is given. */
export function sshFiles(ssh: Ssh): ConfigurationFile[] {
  const { ports = [], passwordAuthentication, permitRootLogin, allowUsers, allowGroups } = ssh;
  const { x11Forwarding, allowTcpForwarding, maxAuthTries } = ssh;
  const lines = [
    ...ports.map((port) => `Port ${port}`),
    ...(permitRootLogin === undefined ? [] : [`PermitRootLogin ${permitRootLogin}`]),
    // PAM asks for passwords by the keyboard too: without its line the first would close one of two doors.
    ...(passwordAuthentication === undefined ? [] : [`PasswordAuthentication ${word(passwordAuthentication)}`]),
    ...(passwordAuthentication === false ? ['KbdInteractiveAuthentication no'] : []),
    ...(allowUsers === undefined ? [] : [`AllowUsers ${allowUsers.join(' ')}`]),
    ...(allowGroups === undefined ? [] : [`AllowGroups ${allowGroups.join(' ')}`]),
    ...(x11Forwarding === undefined ? [] : [`X11Forwarding ${word(x11Forwarding)}`]),
    ...(allowTcpForwarding === undefined ? [] : [`AllowTcpForwarding ${word(allowTcpForwarding)}`]),
    ...(maxAuthTries === undefined ? [] : [`MaxAuthTries ${maxAuthTries}`]),
  ];
  return [linesFile(sshPath, 'ssh', lines)];
}
