import { afterAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import type { Socket } from "bun";
import { libc } from "../../src/base/libc.ts";
import type { PeerEndpoint } from "../../src/net/endpoint.ts";
import { type NamedSocket, readPeer } from "../../src/net/peer-name.ts";

let told = Promise.withResolvers<{ peer: PeerEndpoint | undefined; socket: Socket }>();

// `::` takes IPv4 as well, whose addresses it shows as mapped ones.
const listener = Bun.listen({
  hostname: "::",
  port: 0,
  socket: { open: (socket) => told.resolve({ peer: readPeer(socket), socket }), data() {} },
});

afterAll(() => listener.stop(true));

/** Connects from `localAddress`. @returns what is known of it on the other side, its port, and the socket there. */
async function connectFrom(host: string, localAddress: string) {
  told = Promise.withResolvers();
  const client = connect({ host, port: listener.port, localAddress });
  const { peer, socket } = await told.promise;
  return { peer, socket, client };
}

describe("readPeer()", () => {
  test("tells the client's address and port, whoever came before", async () => {
    const seen: unknown[] = [];
    const expected: unknown[] = [];
    for (const [host, address] of [
      ["127.0.0.1", "127.0.0.1"],
      ["127.0.0.1", "127.0.0.1"],
      ["127.0.0.1", "127.0.0.2"],
      ["127.0.0.1", "127.0.0.1"],
      ["::1", "::1"],
      ["::1", "::1"],
      ["127.0.0.1", "127.0.0.2"],
    ] as const) {
      const { peer, socket, client } = await connectFrom(host, address);
      seen.push(peer);
      expected.push({
        peerAddress: address,
        peerPort: socket.remotePort,
        family: host === "::1" ? "IPv6" : "IPv4",
      });
      client.destroy();
    }
    expect(seen).toEqual(expected);
  });

  test("knows nothing of a closed socket", async () => {
    const { socket, client } = await connectFrom("127.0.0.1", "127.0.0.1");
    socket.end();
    expect(readPeer(socket)).toBeUndefined();
    client.destroy();
  });

  test.skipIf(libc() === undefined)(
    "asks the runtime for an address once, as long as it is the same",
    async () => {
      const { peer, socket, client } = await connectFrom("127.0.0.1", "127.0.0.1");
      const mute: NamedSocket = { fd: socket.fd };
      expect(readPeer(mute)).toEqual(peer);
      client.destroy();
    },
  );
});
