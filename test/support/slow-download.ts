/**
 * A download that waits in the middle, to see what becomes of it when its server ends.
 */
import type { NetfileServer } from "./netfile-binary.ts";

/** A client that has asked for the large file, has its head, and reads on only when it is told to. */
export async function beginDownload(server: NetfileServer) {
  const chunks: Buffer[] = [];
  const begun = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port,
    socket: {
      data(self, chunk) {
        chunks.push(chunk);
        if (chunks.length === 1) {
          self.pause();
          begun.resolve();
        }
      },
      close: () => closed.resolve(),
      error: () => closed.resolve(),
    },
  });
  socket.write("GET /large.png HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await begun.promise;
  return {
    /** Reads to the end and gives the content. */
    async finish(): Promise<Buffer> {
      socket.resume();
      await closed.promise;
      const all = Buffer.concat(chunks);
      return all.subarray(all.indexOf("\r\n\r\n") + 4);
    },
    closed: closed.promise,
    resume: () => socket.resume(),
  };
}

/** Waits until the port takes no connection any more. */
export async function untilRefused(port: number): Promise<void> {
  for (;;) {
    try {
      (await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {}, error() {} } })).end();
    } catch {
      return;
    }
  }
}
