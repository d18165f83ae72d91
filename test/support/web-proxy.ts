import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** A real web proxy on loopback: absolute addresses for http, tunnels for https. It counts what is asked of it. */
export interface WebProxyUnderTest {
  /** Its address, with the user and password that it wants. */
  readonly url: string;
  readonly password: string;
  /** Addresses that were asked by absolute address, and hosts with ports of tunnels, in order. */
  readonly asked: string[];
  /** Requests without the right user and password. */
  readonly refused: string[];
  /** Where a name leads, instead of to what this machine resolves it to. */
  readonly hosts: Map<string, string>;
  close(): Promise<void>;
}

export async function startWebProxy(): Promise<WebProxyUnderTest> {
  const [user, password] = ['proxy-user', 'proxy-pass word'];
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const asked: string[] = [];
  const refused: string[] = [];
  const hosts = new Map<string, string>();
  const server: Server = createServer((request, response) => {
    const address = request.url ?? '';
    if (request.headers['proxy-authorization'] !== wanted) {
      refused.push(address);
      response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end();
      return;
    }
    asked.push(address);
    const url = new URL(address);
    const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = request.headers;
    const onward = httpRequest(
      {
        ...{ host: hosts.get(url.hostname) ?? url.hostname, port: url.port === '' ? 80 : url.port },
        ...{ path: `${url.pathname}${url.search}`, method: request.method, headers },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    const target = request.url ?? '';
    socket.on('error', () => undefined);
    if (request.headers['proxy-authorization'] !== wanted) {
      refused.push(target);
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    asked.push(target);
    const { hostname, port } = new URL(`http://${target}`);
    const onward = connect(Number(port), hosts.get(hostname) ?? hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}`,
    ...{ password, asked, refused, hosts },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
