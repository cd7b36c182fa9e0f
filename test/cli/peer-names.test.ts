import { describe, expect, test } from "bun:test";
import picocolors from "picocolors";

import { LinePrinter } from "../../src/cli/line-printer.ts";
import { Log } from "../../src/cli/log.ts";
import { isLoopback, PeerNames } from "../../src/cli/peer-names.ts";
import { ServerLog } from "../../src/cli/server-log.ts";
import type { AccessLog } from "../../src/server/access-log.ts";
import type { AnswerRecord } from "../../src/server/observer.ts";
import { FakeOutput } from "../support/fake-terminal.ts";

describe("PeerNames", () => {
  test.each(["127.0.0.1", "127.9.9.9", "::1"])("knows %p without asking", (address) => {
    const names = new PeerNames(() => Promise.reject(new Error("asked")));
    expect(names.find(address)).toBe("localhost");
    expect(isLoopback(address)).toBe(true);
  });

  test("asks once, and remembers", async () => {
    let asked = 0;
    const names = new PeerNames((address) => {
      asked += 1;
      return Promise.resolve(`host-${address}`);
    });
    expect(await names.find("192.0.2.1")).toBe("host-192.0.2.1");
    expect(names.find("192.0.2.1")).toBe("host-192.0.2.1");
    expect(asked).toBe(1);
  });

  test("has no name where there is none, and none for an address that is its own name", async () => {
    const refusing = new PeerNames(() => Promise.reject(new Error("ENOTFOUND")));
    expect(await refusing.find("192.0.2.1")).toBeUndefined();
    const echoing = new PeerNames((address) => Promise.resolve(address));
    expect(await echoing.find("192.0.2.1")).toBeUndefined();
  });

  test("makes a hostile name harmless", async () => {
    const names = new PeerNames(() => Promise.resolve("a\u001b[2J"));
    expect(await names.find("192.0.2.1")).toBe("a\\x1b[2J");
  });

  test("waits 250 ms, and asks for at most 16 at once", async () => {
    let asked = 0;
    const names = new PeerNames(() => {
      asked += 1;
      return new Promise(() => undefined);
    });
    const begun = performance.now();
    const found = Array.from({ length: 20 }, (_, index) => names.find(`192.0.2.${index}`));
    expect(asked).toBe(16);
    expect(found.slice(16)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await Promise.all(found.map((name) => Promise.resolve(name)))).toEqual(
      Array.from({ length: 20 }, () => undefined),
    );
    expect(performance.now() - begun).toBeGreaterThan(200);
  });
});

function start(options: { readonly isQuiet?: boolean; readonly isVerbose?: boolean } = {}): {
  readonly out: FakeOutput;
  readonly err: FakeOutput;
  readonly appended: AnswerRecord[];
  readonly printer: LinePrinter;
  readonly log: ServerLog;
} {
  const [out, err] = [new FakeOutput(), new FakeOutput()];
  const appended: AnswerRecord[] = [];
  const printer = new LinePrinter(out);
  const log = new ServerLog({
    printer: options.isQuiet === true ? undefined : printer,
    colors: picocolors.createColors(false),
    isVerbose: options.isVerbose ?? false,
    accessLog: { append: (record: AnswerRecord) => void appended.push(record) } as unknown as AccessLog,
    log: new Log(err),
    names: new PeerNames(() => Promise.resolve("peer.example")),
  });
  return { out, err, appended, printer, log };
}

describe("ServerLog", () => {
  const endpoint = {
    peerAddress: "192.0.2.1",
    peerPort: 5,
    localAddress: "192.0.2.9",
    localPort: 8080,
    family: "IPv4",
  } as const;
  const connection = { id: 1, endpoint, timeoutMs: 19_000, rttUs: 45 };
  const answer: AnswerRecord = {
    connectionId: 1,
    peerAddress: "192.0.2.1",
    peerPort: 5,
    startMs: 0,
    durationMs: 1,
    method: "GET",
    target: "/a",
    version: "1.1",
    status: 200,
    bodyBytes: 1,
    receivedBytes: 0,
    rttUs: 45,
    referer: undefined,
    userAgent: undefined,
    isWhole: true,
  };

  test("tells of a connection with the peer's name, and of each request", async () => {
    const { out, appended, printer, log } = start();
    log.connected(connection);
    await Bun.sleep(0);
    log.answered?.(answer);
    log.disconnected(1);
    await printer.flush(1000);
    const [first, second, rest] = out.text.split("\n");
    expect(first).toStartWith("#1 192.0.2.1:5 peer.example · IPv4 ·");
    expect(second).toContain("GET /a 200");
    expect(rest).toBe("");
    expect(appended).toHaveLength(1);
  });

  test("keeps the access log when it is quiet", () => {
    const { out, appended, log } = start({ isQuiet: true });
    log.connected(connection);
    log.answered?.(answer);
    log.disconnected(1);
    expect(out.text).toBe("");
    expect(appended).toHaveLength(1);
  });

  test("tells of the end of a connection when it is verbose", async () => {
    const { out, printer, log } = start({ isVerbose: true });
    log.disconnected(7);
    await printer.flush(1000);
    expect(out.text).toBe("#7 closed\n");
  });

  test("warns of what went wrong inside", async () => {
    const { err, log } = start();
    log.failed("A page could not be made");
    while (err.text === "") await Bun.sleep(1);
    expect(err.text).toBe("netfile: warning: A page could not be made\n");
  });
});
