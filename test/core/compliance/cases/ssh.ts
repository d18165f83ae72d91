import { installed } from '../judged-tree.ts';
import { casesOf } from './case.ts';

const dropIn = 'etc/ssh/sshd_config.d/10-compliance.conf';
const main = 'etc/ssh/sshd_config';
const include = 'Include /etc/ssh/sshd_config.d/*.conf\n';
const without = { [main]: null, [dropIn]: null, 'var/lib/dpkg/status': installed('systemd', 'apt') };

export const sshCases = [
  ...casesOf('ssh-root-login', [
    ['yes', 'fail', { tree: { [dropIn]: 'PermitRootLogin yes\n' }, evidence: /10-compliance\.conf:1/ }],
    ['sshd’s own default', 'fail', { tree: { [dropIn]: '# PermitRootLogin no\n' }, evidence: /prohibit-password/ }],
    [
      'the first value wins',
      'pass',
      { tree: { [dropIn]: 'PermitRootLogin no\n', [main]: `${include}PermitRootLogin yes\n` } },
    ],
    [
      'the first value loses',
      'fail',
      { tree: { [dropIn]: 'PermitRootLogin no\n', [main]: `PermitRootLogin yes\n${include}` } },
    ],
    [
      'an earlier drop-in',
      'fail',
      {
        tree: { 'etc/ssh/sshd_config.d/05-x.conf': 'permitrootlogin=yes\n', [dropIn]: 'PermitRootLogin no\n' },
        evidence: /05-x/,
      },
    ],
    ['a drop-in of another ending', 'pass', { tree: { 'etc/ssh/sshd_config.d/05-x.bak': 'PermitRootLogin yes\n' } }],
    ['without the Include', 'fail', { tree: { [main]: 'UsePAM yes\n', [dropIn]: 'PermitRootLogin no\n' } }],
    [
      'a Match that lets in',
      'fail',
      {
        tree: { [main]: `${include}Match Address 192.0.2.0/24\n  PermitRootLogin yes\n` },
        evidence: /where Match Address 192/,
      },
    ],
    [
      'a Match ends with its file',
      'pass',
      { tree: { 'etc/ssh/sshd_config.d/05-x.conf': 'Match User x\nX11Forwarding no\n' } },
    ],
    ['Match all is for all', 'fail', { tree: { [dropIn]: 'Match all\nPermitRootLogin yes\n' } }],
    [
      'Match all is over what stands before it',
      'fail',
      { tree: { [main]: 'PermitRootLogin no\nMatch all\nPermitRootLogin yes\n' }, evidence: /sshd_config:3/ },
    ],
    [
      'after Match all no block counts',
      'pass',
      { tree: { [main]: 'Match all\nPermitRootLogin no\nMatch User root\nPermitRootLogin yes\n' } },
    ],
    [
      'before Match all a block does',
      'fail',
      { tree: { [main]: 'Match User root\nPermitRootLogin yes\nMatch all\nPermitRootLogin no\n' } },
    ],
    [
      'Match all in a file that a block includes',
      'fail',
      {
        tree: {
          [main]: 'PermitRootLogin no\nMatch User root\nInclude more.conf\n',
          'etc/ssh/sshd_config.d/more.conf': 'PermitRootLogin no\n',
          'etc/ssh/more.conf': { link: 'sshd_config.d/all.conf' },
          'etc/ssh/sshd_config.d/all.conf': 'Match all\nPermitRootLogin yes\n',
        },
        evidence: /where Match User root/,
      },
    ],
    ['single quotes', 'pass', { tree: { [dropIn]: "PermitRootLogin 'no'\n" } }],
    ['quotes in a word', 'pass', { tree: { [dropIn]: '"PermitRootLogin" n"o" # never\n' } }],
    ['a quoted sign', 'fail', { tree: { [dropIn]: 'PermitRootLogin \\"no\\"\n' } }],
    ['a comment in a word', 'fail', { tree: { [dropIn]: 'PermitRootLogin no#\n' } }],
    ['quotes', 'pass', { tree: { [dropIn]: 'PermitRootLogin "no" # never\n' } }],
    [
      'on the command line',
      'fail',
      { tree: { 'etc/default/ssh': 'SSHD_OPTS="-o PermitRootLogin=yes"\n' }, evidence: /default\/ssh:1/ },
    ],
    [
      'a link to the drop-in',
      'pass',
      { tree: { [dropIn]: { link: '../hardening.conf' }, 'etc/ssh/hardening.conf': 'PermitRootLogin no\n' } },
    ],
    ['no server', 'not_applicable', { tree: without }],
  ]),
  ...casesOf('ssh-empty-passwords', [
    ['yes', 'fail', { tree: { [dropIn]: 'PermitEmptyPasswords yes\n' } }],
    ['in a Match', 'fail', { tree: { [dropIn]: 'Match User kiosk\nPermitEmptyPasswords yes\n' } }],
    ['commented', 'pass', { tree: { [dropIn]: '#PermitEmptyPasswords yes\n' } }],
    ['no server', 'not_applicable', { tree: without }],
  ]),
  ...casesOf('ssh-key-only', [
    [
      'passwords by default',
      'fail',
      { tree: { [dropIn]: 'PermitRootLogin no\n' }, evidence: /PasswordAuthentication is not set/ },
    ],
    ['keyboard-interactive', 'fail', { tree: { [main]: include }, evidence: /KbdInteractive/ }],
    ['by its old name', 'pass', { tree: { [main]: `${include}ChallengeResponseAuthentication no\n` } }],
    [
      'the old name first',
      'fail',
      { tree: { [main]: `ChallengeResponseAuthentication yes\nKbdInteractiveAuthentication no\n${include}` } },
    ],
    [
      'the old name in a Match',
      'fail',
      {
        tree: { [main]: `${include}KbdInteractiveAuthentication no\nMatch User x\nSkeyAuthentication yes\n` },
        evidence: /where Match User x/,
      },
    ],
    ['no keys', 'fail', { tree: { [main]: `${include}KbdInteractiveAuthentication no\nPubkeyAuthentication no\n` } }],
    ['no server', 'not_applicable', { tree: without }],
  ]),
  ...casesOf('ssh-cryptography', [
    ['no lists', 'fail', { tree: { [dropIn]: '' }, evidence: /Ciphers is not set/ }],
    [
      'a list that adds',
      'fail',
      {
        tree: { [dropIn]: 'Ciphers +aes128-cbc\nMACs hmac-sha2-256\nKexAlgorithms curve25519-sha256\n' },
        evidence: /changes sshd/,
      },
    ],
    [
      '3DES',
      'fail',
      {
        tree: { [dropIn]: 'Ciphers aes128-ctr,3des-cbc\nMACs hmac-sha2-256\nKexAlgorithms curve25519-sha256\n' },
        evidence: /3des-cbc/,
      },
    ],
    [
      'SHA-1',
      'fail',
      {
        tree: { [dropIn]: 'Ciphers aes128-ctr\nMACs hmac-sha1\nKexAlgorithms diffie-hellman-group14-sha1\n' },
        evidence: /hmac-sha1/,
      },
    ],
    [
      'strong ones',
      'pass',
      {
        tree: {
          [dropIn]: 'Ciphers aes128-ctr\nMACs hmac-sha2-256\nKexAlgorithms mlkem768x25519-sha256,curve25519-sha256\n',
        },
      },
    ],
    ['no server', 'not_applicable', { tree: without }],
  ]),
  ...casesOf('ssh-idle', [
    ['never', 'fail', { tree: { [dropIn]: '' }, evidence: /never asks/ }],
    ['an hour', 'fail', { tree: { [dropIn]: 'ClientAliveInterval 20m\nClientAliveCountMax 3\n' } }],
    ['minutes', 'pass', { tree: { [dropIn]: 'ClientAliveInterval 5m\nClientAliveCountMax 3\n' } }],
    ['a count of none', 'fail', { tree: { [dropIn]: 'ClientAliveInterval 300\nClientAliveCountMax 0\n' } }],
    [
      'never in a Match',
      'fail',
      {
        tree: { [dropIn]: 'ClientAliveInterval 300\nMatch User ops\nClientAliveInterval 0\n' },
        evidence: /ClientAliveInterval 0, where Match User ops/,
      },
    ],
    [
      'a count in a Match',
      'fail',
      { tree: { [dropIn]: 'ClientAliveInterval 300\nMatch User ops\nClientAliveCountMax 4\n' } },
    ],
    [
      'less in a Match',
      'pass',
      { tree: { [dropIn]: 'ClientAliveInterval 300\nMatch User ops\nClientAliveInterval 1m\n' } },
    ],
    ['hours and minutes', 'fail', { tree: { [dropIn]: 'ClientAliveInterval 1h5m\n' } }],
    [
      'what would take a poor pattern years',
      'fail',
      { tree: { [dropIn]: `ClientAliveInterval ${'1'.repeat(64)}x\n` } },
    ],
    ['no number', 'fail', { tree: { [dropIn]: 'ClientAliveInterval 300\nClientAliveCountMax x\n' } }],
    ['no server', 'not_applicable', { tree: without }],
  ]),
  ...casesOf('login-banner', [
    [
      'tells of the system',
      'fail',
      { tree: { 'etc/issue': 'Debian GNU/Linux 13 \\n \\l\n' }, evidence: /tells of the system/ },
    ],
    ['its version', 'fail', { tree: { 'etc/issue.net': 'Kernel \\r\n' } }],
    ['empty', 'fail', { tree: { 'etc/issue': '\n' } }],
    ['sshd is silent', 'fail', { tree: { [dropIn]: 'Banner none\n' }, evidence: /Banner/ }],
    ['sshd has a file that is not there', 'fail', { tree: { [dropIn]: 'Banner /etc/none\n' }, evidence: /etc\/none/ }],
    ['sshd has a folder', 'fail', { tree: { [dropIn]: 'Banner /etc/ssh\n' } }],
    ['sshd has an empty file', 'fail', { tree: { [dropIn]: 'Banner /etc/empty\n', 'etc/empty': '' } }],
    ['sshd has a file that nobody looked at', 'pass', { tree: { [dropIn]: 'Banner /srv/banner\n' } }],
    [
      'sshd is silent to some',
      'fail',
      { tree: { [dropIn]: 'Banner /etc/issue.net\nMatch User ops\nBanner none\n' }, evidence: /Match User ops/ },
    ],
    ['no server', 'pass', { tree: without }],
  ]),
  ...casesOf('tls-floor', [
    [
      'TLS 1.0',
      'fail',
      {
        tree: {
          'etc/ssl/openssl.cnf':
            'openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1.0\n',
        },
        evidence: /TLSv1\.0/,
      },
    ],
    [
      'in a section that nobody reads',
      'fail',
      { tree: { 'etc/ssl/openssl.cnf': '[system_default_sect]\nMinProtocol = TLSv1.2\n' } },
    ],
    [
      'commented',
      'fail',
      {
        tree: {
          'etc/ssl/openssl.cnf':
            'openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n#MinProtocol = TLSv1.2\n',
        },
      },
    ],
    [
      'TLS 1.3',
      'pass',
      {
        tree: {
          'etc/ssl/openssl.cnf':
            'openssl_conf=a\n[ a ]\nssl_conf = b # here\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1.3\n',
        },
      },
    ],
    ['no OpenSSL', 'not_applicable', { tree: { 'var/lib/dpkg/status': installed('apt') } }],
  ]),
];
