/** A proxy that cuts connections after so many bytes from the client, or changes one of them on its way. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type CuttingProxyOptions = {
  readonly targetPort: number;
  /** After how many bytes of the client's the connection of this index is cut; `undefined` for never. */
  readonly cutAfter: (index: number) => number | undefined;
  /** How: FIN lets the server read what came before, RST may not; or it is held, and nothing more passes. */
  readonly how?: "fin" | "reset" | "hold";
  /** Changes the client's bytes; may keep their number only. */
  readonly change?: (chunk: Buffer, position: number) => Buffer;
  /** Cuts the connection of this index instead of passing the server's answer on, when it holds this text. */
  readonly swallow?: (answer: Buffer, index: number) => boolean;
};

export type CuttingProxy = {
  readonly port: number;
  /** So many bytes of the clients' went to the server. */
  readonly passedBytes: () => number;
  readonly connections: () => number;
  readonly stop: () => void;
};

export async function startCuttingProxy(options: CuttingProxyOptions): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let passedBytes = 0;
  let connections = 0;
  const server = createServer((client) => {
    const index = connections++;
    const upstream = connect(options.targetPort, "127.0.0.1");
    let leftBytes = options.cutAfter(index) ?? Number.POSITIVE_INFINITY;
    let position = 0;
    const cut = () => {
      if (options.how === "hold") return;
      if (options.how === "reset") upstream.resetAndDestroy();
      else upstream.end();
      client.resetAndDestroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        (socket === client ? upstream : client).destroy();
      });
    }
    client.on("data", (chunk: Buffer) => {
      const part = chunk.subarray(0, leftBytes);
      const passed = options.change?.(part, position) ?? part;
      position += part.length;
      passedBytes += part.length;
      leftBytes -= part.length;
      if (leftBytes === 0) {
        client.pause();
        upstream.write(passed, cut);
      } else if (!upstream.write(passed)) client.pause();
    });
    upstream.on("drain", () => {
      if (leftBytes > 0) client.resume();
    });
    upstream.on("data", (chunk: Buffer) => {
      if (options.swallow?.(chunk, index) === true) client.resetAndDestroy();
      else client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    passedBytes: () => passedBytes,
    connections: () => connections,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
