/** Uploads to servers that take them slowly, or not at all: who takes anything is waited for. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { SessionOptions } from "../../src/client/session.ts";
import { upload } from "../../src/client/upload.ts";
import { makeSession, makeTemporaryFolder, transferErrorOf, urlOn } from "../support/client-session.ts";
import type { TemporaryFolder } from "../support/client-session.ts";

setDefaultTimeout(60_000);

const SIZE = 10 * 1024 * 1024;

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
  writeFileSync(folder.at("large"), Buffer.alloc(SIZE, "x"));
});
afterEach(() => folder.remove());

/** A server that reads the first half once in `pauseMs`, and answers when it has the whole file. */
function startSlowTaker(pauseMs: number) {
  let takenBytes = 0;
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.write("HTTP/1.1 100 Continue\r\n\r\n");
      },
      data(socket, chunk) {
        takenBytes += chunk.length;
        if (takenBytes > SIZE) socket.write("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
        if (takenBytes > SIZE / 2) return;
        socket.pause();
        setTimeout(() => socket.resume(), pauseMs);
      },
      error() {},
    },
  });
  return { port: server.port, stop: () => server.stop(true) };
}

async function put(server: { readonly port: number }, options: Partial<SessionOptions>) {
  const session = makeSession(options);
  try {
    const url = urlOn(server, "/large");
    return await upload(session, { path: folder.at("large"), url, method: "PUT", retries: 0 });
  } finally {
    session.close();
  }
}

describe.if(process.platform === "linux")("a server that takes an upload slowly", () => {
  test("is not silent, though the kernel's buffer hides for long that it takes anything", async () => {
    const server = startSlowTaker(150);
    const { answer } = await put(server, { silenceMs: 250, stallWindowMs: 400 });
    server.stop();
    expect(answer.status).toBe(201);
  }, 20_000);
});

test("a server that takes next to nothing of an upload is given up, and may be tried again", async () => {
  const server = startSlowTaker(60_000);
  const error = await transferErrorOf(put(server, { silenceMs: 60_000, stallWindowMs: 300 }));
  server.stop();
  expect(error).toMatchObject({ phase: "send", isRetryable: true });
  expect(error.message).toContain("The server has taken next to nothing for 1 s");
});
