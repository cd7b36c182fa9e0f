/** What the commands do while a server is not there: when it is being restarted, or is not up yet. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { makeTemporaryFolder } from "../support/client-session.ts";
import type { TemporaryFolder } from "../support/client-session.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
});
afterEach(() => folder.remove());

const text = (name: string) => readFileSync(folder.at(name), "utf8");

/** Runs netfile, and does `then` when it says that it tries to connect again. */
async function run(words: readonly string[], then: () => void) {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    cwd: folder.path,
    env: { PATH: process.env["PATH"] ?? "" },
    stdout: "ignore",
    stderr: "pipe",
  });
  let err = "";
  let isTold = false;
  for await (const chunk of child.stderr) {
    err += Buffer.from(chunk).toString();
    if (isTold || !/Cannot connect .* Trying again/.test(err)) continue;
    isTold = true;
    then();
  }
  return { code: await child.exited, err, isTold };
}

describe("a server that is restarted in the middle", () => {
  const NAMES = Array.from({ length: 30 }, (_, index) => `${index}.txt`);

  /** A server of a folder that is gone after so many requests, until the client says that it tries again. */
  function startMortal(stored: Set<string>) {
    let asked = 0;
    const listing = NAMES.map((name) => ({
      name,
      kind: "file",
      sizeBytes: 5,
      modified: "2024-01-01T00:00:00Z",
    }));
    const answer = ({ method, url }: Request): Response => {
      const { pathname } = new URL(url);
      if (method === "PUT") stored.add(pathname.slice(1));
      if (method === "PUT") return new Response("", { status: 201 });
      if (pathname !== "/") return new Response("hello");
      return stored.size > 0
        ? Response.json({ path: "/", entries: listing })
        : new Response("", { status: 404 });
    };
    const start = (port: number) =>
      Bun.serve({
        hostname: "127.0.0.1",
        port,
        fetch: (request) => {
          asked += 1;
          if (asked === 15) void server.stop(true);
          return answer(request);
        },
      });
    let server = start(0);
    const port = server.port ?? 0;
    return {
      url: `http://127.0.0.1:${port}/`,
      restart: () => {
        server = start(port);
      },
      stop: () => server.stop(true),
    };
  }

  test.each([
    ["get -r", (url: string) => ["get", "-r", url, "here"]],
    ["put -r", (url: string) => ["put", "-r", "here", url]],
    ["several URLs", (url: string) => ["get", ...NAMES.map((name) => url + name), "here"]],
  ])("costs no file: %s", async (kind, words) => {
    const isPut = kind === "put -r";
    const stored = new Set(isPut ? [] : NAMES);
    mkdirSync(folder.at("here"));
    if (isPut) for (const name of NAMES) writeFileSync(folder.at(`here/${name}`), "hello");
    const mortal = startMortal(stored);
    try {
      expect(await run(words(mortal.url), mortal.restart)).toMatchObject({ code: 0, isTold: true });
      expect([...stored].sort()).toEqual([...NAMES].sort());
      for (const name of NAMES) expect(text(`here/${name}`)).toBe("hello");
    } finally {
      await mortal.stop();
    }
  });
});

const answerAll = async (request: Request): Promise<Response> => {
  await request.bytes();
  return new Response("hello", { status: request.method === "PUT" ? 201 : 200 });
};

/** A server that does not listen on its port until `start`. */
async function reserve() {
  let server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answerAll });
  const port = server.port ?? 0;
  await server.stop(true);
  return {
    url: `http://127.0.0.1:${port}/up.txt`,
    start: () => {
      server = Bun.serve({ hostname: "127.0.0.1", port, fetch: answerAll });
    },
    stop: () => server.stop(true),
  };
}

describe("a server that is not up yet", () => {
  test.each([
    ["get", (url: string) => ["get", url, "down.txt"]],
    ["get to a pipe", (url: string) => ["get", url, "-o", "-"]],
    ["get of several", (url: string) => ["get", url, url.replace("up", "down"), "here"]],
    ["put", (url: string) => ["put", "up.txt", url]],
    ["put of a large file", (url: string) => ["put", "large.txt", url]],
    ["put of several", (url: string) => ["put", "up.txt", "large.txt", url.replace("up.txt", "")]],
  ])("is waited for when --retries is given, and only then: %s", async (_kind, words) => {
    writeFileSync(folder.at("up.txt"), "hello");
    writeFileSync(folder.at("large.txt"), Buffer.alloc(2 * 1024 * 1024));
    const server = await reserve();
    try {
      expect(await run(words(server.url), server.start)).toMatchObject({ code: 4, isTold: false });
      const patient = [...words(server.url), "--retries", "3"];
      expect(await run(patient, server.start)).toMatchObject({ code: 0, isTold: true });
    } finally {
      await server.stop();
    }
  });
});
