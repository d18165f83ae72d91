/**
 * Addresses of metadata services and of what is near, by every spelling; `PORT` is one where somebody would answer.
 * @param host one that was granted
 */
export const refusedSpellings = (host: string): readonly string[] => [
  ...['https://169.254.169.254/', 'https://169.254.169.254:PORT/', 'http://169.254.169.254/latest/meta-data/'],
  ...['https://2852039166/', 'https://0xa9fea9fe/', 'https://0xA9.0xFE.0xA9.0xFE/', 'https://0251.0376.0251.0376/'],
  ...['https://025177524776/', 'https://169.254.43518/', 'https://169.16689662/', 'https://169.254.169.254./'],
  ...['https://①⑥⑨.②⑤④.①⑥⑨.②⑤④/', 'https://169。254。169。254/', 'https://%31%36%39.254.169.254/'],
  ...['https://[::ffff:169.254.169.254]/', 'https://[::ffff:a9fe:a9fe]/', 'https://[0:0:0:0:0:ffff:a9fe:a9fe]/'],
  ...['https://[::169.254.169.254]/', 'https://[64:ff9b::a9fe:a9fe]/', 'https://[2002:a9fe:a9fe::1]/'],
  ...['https://[fd00:ec2::254]/', 'https://[FD00:EC2::254]/', 'https://[fe80::a9fe:a9fe]/', 'https://[fd20:ce::254]/'],
  ...[
    'https://metadata.google.internal/',
    'https://metadata/',
    'https://instance-data/',
    'https://metadata.internal./',
  ],
  ...[
    'https://169.254.170.2/v2/credentials',
    'https://100.100.100.200/',
    'https://168.63.129.16/',
    'https://192.0.0.192/',
  ],
  ...['https://127.0.0.1:PORT/', 'https://127.1:PORT/', 'https://2130706433:PORT/', 'https://0x7f.1:PORT/'],
  ...[
    'https://0177.0.0.1:PORT/',
    'https://0:PORT/',
    'https://[::1]:PORT/',
    'https://localhost:PORT/',
    'https://LOCALHOST:PORT/',
  ],
  ...['https://10.0.0.1/', 'https://192.168.1.1/', 'https://172.16.0.1/', 'https://100.64.0.1/'],
  // The host that was granted, in other places and other letters.
  ...[`https://${host}@169.254.169.254/`, `https://${host}:443@169.254.169.254/`, `https://169.254.169.254#@${host}/`],
  ...[`https://169.254.169.254/?@${host}`, `https://169.254.169.254\\@${host}/`, `https://user@${host}:PORT/`],
  ...[
    `https://user:word@${host}:PORT/`,
    `https://${host}.:PORT/`,
    `https://x.${host}:PORT/`,
    `https://${host}.evil.example/`,
  ],
  ...[
    `https://evil${host}:PORT/`,
    'https://api.example.test.169.254.169.254.nip.invalid/',
    'https://аpi.example.test:PORT/',
  ],
  ...[
    `http://${host}:PORT/`,
    `ftp://${host}/`,
    `//${host}:PORT/`,
    `${host}:PORT`,
    'file:///etc/passwd',
    'data:text/plain,x',
  ],
  ...[
    'https://',
    'https:///',
    '',
    ' ',
    `https://${host}:22/`,
    `https://${host}:25/`,
    `https://${host}:0/`,
    `https://${host}:99999/`,
  ],
  ...['gopher://169.254.169.254/', 'unix:/var/run/docker.sock', `https://exa\u0000mple.test/`, `wss://${host}:PORT/`],
];
