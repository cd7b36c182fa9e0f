/** Clients that read slowly: what the kernel holds for them is theirs, as long as they go on reading. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createConnection } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RawClient } from "../support/raw-client.ts";
import { startSite, type RunningSite, type SiteOverrides } from "../support/running-site.ts";

setDefaultTimeout(60_000);

/** Fits into the kernel's buffers of a loopback connection as a whole, so that the server is done with it at once. */
const SIZE = 300_000;
/** The reader's pace: the whole takes far longer than the server's other time limits. */
const BYTES_PER_MS = 250;

let site: RunningSite | undefined;

function start(limits: SiteOverrides["limits"]): RunningSite {
  site = startSite({ limits: limits ?? {} });
  writeFileSync(join(site.root, "a.txt"), Buffer.alloc(SIZE, "x"));
  return site;
}

afterEach(async () => {
  await site?.stop();
});

/** Asks, and takes its time after each piece; answers the bytes received and how the connection ended. */
async function readSlowly(
  port: number,
  request: string,
): Promise<{ bytes: number; error: string | undefined }> {
  const socket = createConnection({ host: "127.0.0.1", port });
  let bytes = 0;
  let error: string | undefined;
  socket.on("error", ({ message }) => (error = message));
  socket.write(request);
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("close", () => resolve());
  socket.on("data", (chunk) => {
    bytes += chunk.length;
    socket.pause();
    setTimeout(() => socket.resume(), chunk.length / BYTES_PER_MS);
  });
  await promise;
  return { bytes, error };
}

describe("a slow reader", () => {
  test.each([
    ["that has asked to close", "Connection: close\r\n"],
    ["that stays", ""],
  ])("%s gets the whole answer, however long after the server has written it", async (_, field) => {
    const { port } = start({ farewellSilenceMs: 50, idleCeilingMs: 50, idleFloorMs: 50 });
    const { bytes, error } = await readSlowly(port, `GET /a.txt HTTP/1.1\r\nHost: x\r\n${field}\r\n`);
    expect(error).toBeUndefined();
    expect(bytes).toBeGreaterThan(SIZE);
  });

  test.skipIf(process.platform !== "linux")(
    "that stops reading the tail is cut when it has used up its time",
    async () => {
      const running = start({ farewellSilenceMs: 50, sendWindowMs: 600 });
      const client = await RawClient.connect(running.port);
      client.pause();
      await client.send("GET /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      await running.answered(1);
      const closed = running.server.stop(20_000);
      // Nothing but the end of the connection lets the server end before its grace is over.
      await closed;
      client.resume();
      const received = await client.untilClosed();
      expect(received.length).toBeLessThan(SIZE);
    },
  );
});
