/**
 * A forward proxy as RFC 9110 §7.7 has it: takes requests in absolute-form, asks for credentials, and passes them on in
 * origin-form. Bodies, and every answer with its interim ones, go through untouched.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A request as the proxy was asked for it: the method and the whole URL. */
export type ProxiedRequest = { readonly method: string; readonly url: string };

export type ForwardProxy = {
  readonly port: number;
  readonly requests: readonly ProxiedRequest[];
  readonly stop: () => void;
};

const NEEDS_LOGIN =
  'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="p"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** Starts one on a free port of loopback. @param authorization the credentials that it asks for, if any. */
export async function startForwardProxy(authorization?: string): Promise<ForwardProxy> {
  const requests: ProxiedRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    keep(sockets, client);
    let upstream: Socket | undefined;
    let head = "";
    let bodyBytes = 0;
    client.on("data", (chunk: Buffer) => {
      let rest = chunk;
      while (rest.length > 0) {
        if (bodyBytes > 0) {
          const body = rest.subarray(0, bodyBytes);
          bodyBytes -= body.length;
          rest = rest.subarray(body.length);
          if (upstream?.write(body) === false) client.pause();
          continue;
        }
        head += rest.toString("latin1");
        const end = head.indexOf("\r\n\r\n") + 4;
        if (end < 4) return;
        rest = rest.subarray(rest.length - (head.length - end));
        const asked = parseHead(head.slice(0, end), authorization);
        head = "";
        if (asked === undefined) {
          client.end(NEEDS_LOGIN);
          return;
        }
        requests.push(asked.request);
        bodyBytes = asked.bodyBytes;
        upstream ??= join(sockets, client, asked.url);
        upstream.write(asked.head, "latin1");
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** @returns `undefined` for a request that may not pass. */
function parseHead(head: string, authorization: string | undefined) {
  const [, method = "", target = "", fields = ""] =
    /^(\S+) (http:\S+) HTTP\/1\.1(\r\n[^]*)$/.exec(head) ?? [];
  const given = /^proxy-authorization: *(.*?)\r$/im.exec(fields)?.[1];
  if (method === "" || given !== authorization) return undefined;
  const url = new URL(target);
  const passed = fields.replace(/^proxy-authorization:.*\r\n/im, "");
  return {
    request: { method, url: target },
    url,
    head: `${method} ${url.pathname}${url.search} HTTP/1.1${passed}`,
    bodyBytes: Number(/^content-length: *(\d+)/im.exec(fields)?.[1] ?? 0),
  };
}

/** Connects to the server, and gives the client all that it says. */
function join(sockets: Set<Socket>, client: Socket, url: URL): Socket {
  const upstream = connect(Number(url.port), url.hostname);
  keep(sockets, upstream);
  upstream.on("drain", () => client.resume());
  upstream.on("data", (chunk: Buffer) => client.write(chunk));
  upstream.on("close", () => client.destroy());
  client.on("close", () => upstream.destroy());
  return upstream;
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on("error", () => {});
  socket.on("close", () => sockets.delete(socket));
}
