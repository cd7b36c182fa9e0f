import { describe, expect, test } from "bun:test";
import { askOnce, drive, readAnswer } from "./load.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

describe("readAnswer()", () => {
  test("knows the end wherever the bytes are split", () => {
    for (let split = 1; split < ANSWER.length; split++) {
      const client = { head: "", bodyLeft: 0, turn: 0, startMs: 0 };
      expect(readAnswer(client, Buffer.from(ANSWER.slice(0, split)))).toBeUndefined();
      expect(readAnswer(client, Buffer.from(ANSWER.slice(split)))).toBe(200);
    }
  });

  test("expects no body of 304", () => {
    const client = { head: "", bodyLeft: 0, turn: 0, startMs: 0 };
    const head = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n";
    expect(readAnswer(client, Buffer.from(head))).toBe(304);
  });
});

/** A server that notes what it is asked for, and has every file but `2.txt`. */
function serveFiles() {
  const targets: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      targets.push(new URL(request.url).pathname);
      return new Response("hello", { status: request.url.endsWith("/2.txt") ? 404 : 200 });
    },
  });
  return { server, targets };
}

describe("drive()", () => {
  test.each([[false], [true]])("asks for all files in turn, each on a new connection: %p", async (closes) => {
    const { server, targets } = serveFiles();
    const load = { folder: "1k", count: 3, connections: 2, seconds: 0.2, closes, tags: [] };
    const result = await drive({ ...load, port: server.port ?? 0 });
    await server.stop(true);
    expect([...new Set(targets)].toSorted()).toEqual(["/1k/0.txt", "/1k/1.txt", "/1k/2.txt"]);
    expect(result.requests).toBeGreaterThan(3);
    expect(result.failures).toBeGreaterThan(0);
    expect(result.failures).toBeLessThan(result.requests);
    expect(result.p99Us).toBeGreaterThanOrEqual(result.p50Us);
  });
});

describe("askOnce()", () => {
  test("asks for each file once", async () => {
    const { server, targets } = serveFiles();
    const requests = { folder: "1k", count: 9, connections: 4, closes: false, tags: [] };
    const result = await askOnce({ ...requests, port: server.port ?? 0 });
    await server.stop(true);
    expect(targets.toSorted()).toEqual(Array.from({ length: 9 }, (_, index) => `/1k/${index}.txt`));
    expect([result.requests, result.failures]).toEqual([9, 1]);
  });
});
