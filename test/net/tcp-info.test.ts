import { describe, expect, test } from "bun:test";
import { readRttUs, readTcpInfo } from "../../src/net/tcp-info.ts";

/** A connected pair on loopback over which `bytes` have gone; calls `look` with the sender's descriptor. */
async function withConnection<T>(bytes: number, look: (fd: number) => T): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let received = 0;
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(_socket, chunk) {
        received += chunk.length;
        if (received >= bytes) resolve();
      },
    },
  });
  const socket = await Bun.connect({ hostname: "127.0.0.1", port: listener.port, socket: { data() {} } });
  socket.write(new Uint8Array(bytes));
  await promise;
  const result = look(socket.fd);
  socket.end();
  listener.stop(true);
  return result;
}

describe("readTcpInfo()", () => {
  test.skipIf(process.platform !== "linux")(
    "tells the least round-trip time and what was acknowledged",
    async () => {
      const info = await withConnection(10_000, (fd) => readTcpInfo(fd));
      expect(info?.minRttUs).toBeGreaterThan(0);
      expect(info?.minRttUs).toBeLessThan(10_000_000);
      expect(info?.ackedBytes).toBeGreaterThanOrEqual(0);
      expect(info?.outOfOrder).toBe(0);
    },
  );

  test("knows nothing of a closed socket", () => {
    expect(readTcpInfo(-1)).toBeUndefined();
    expect(readRttUs(-1)).toBeUndefined();
  });

  test("knows nothing of a descriptor that is no TCP connection", () => {
    expect(readTcpInfo(0x7ffffff)).toBeUndefined();
  });
});

describe("readRttUs()", () => {
  test.skipIf(process.platform !== "linux")("tells the smoothed round-trip time", async () => {
    expect(await withConnection(1, (fd) => readRttUs(fd))).toBeGreaterThan(0);
  });
});
