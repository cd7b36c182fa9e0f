import { describe, expect, test } from "bun:test";
import picocolors from "picocolors";

import {
  formatConnectionLine,
  formatPanel,
  formatPhases,
  formatRtt,
  formatStatus,
} from "../../src/cli/panel.ts";
import { formatRequestLine } from "../../src/cli/request-line.ts";
import type { Answer } from "../../src/client/download.ts";
import type { AnswerRecord } from "../../src/server/observer.ts";

const plain = picocolors.createColors(false);
const HOSTILE = "\u001b]0;owned\u0007\r\n\u009b2J\u202e";
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/u;

const RECORD: AnswerRecord = {
  connectionId: 12,
  peerAddress: "127.0.0.1",
  peerPort: 51_234,
  startMs: new Date(2026, 0, 2, 3, 4, 5).getTime(),
  durationMs: 12.4,
  method: "GET",
  target: "/photo.jpg",
  version: "1.1",
  status: 200,
  bodyBytes: 1_200_000,
  receivedBytes: 0,
  rttUs: 45,
  referer: undefined,
  userAgent: undefined,
  isWhole: true,
};

const ANSWER: Answer = {
  status: 200,
  reason: "OK",
  url: { origin: { scheme: "http", host: "localhost", port: 8080 }, target: "/" },
  mediaType: "text/html",
  totalBytes: 5,
  connection: {
    hostName: "localhost",
    endpoint: { peerAddress: "::1", peerPort: 8080, localAddress: "::1", localPort: 50_000, family: "IPv6" },
    timeoutMs: 19_000,
    rttUs: 45,
    software: "netfile",
    isReused: false,
  },
};

describe("formatConnectionLine()", () => {
  const record = {
    id: 12,
    endpoint: {
      peerAddress: "127.0.0.1",
      peerPort: 51_234,
      localAddress: "127.0.0.1",
      localPort: 8080,
      family: "IPv4",
    },
    timeoutMs: 19_000,
    rttUs: 45,
  } as const;

  test("tells all parameters in one line (row 2)", () => {
    expect(formatConnectionLine(record, "localhost", plain)).toBe(
      "#12 127.0.0.1:51234 localhost · IPv4 · stream (SOCK_STREAM) · TCP · timeout 19 s · RTT 45 µs",
    );
  });

  test("says n/a for what the platform does not know", () => {
    expect(formatConnectionLine({ ...record, rttUs: undefined }, undefined, plain)).toEndWith("RTT n/a");
    expect(formatRtt(undefined)).toBe("n/a");
  });

  test("makes a hostile name harmless", () => {
    expect(formatConnectionLine(record, HOSTILE, plain)).not.toMatch(CONTROLS);
  });
});

describe("formatPanel()", () => {
  test("tells the server's parameters", () => {
    expect(formatPanel(ANSWER, plain).split("\n")).toEqual([
      "  server    localhost ([::1]:8080)",
      "  from      [::1]:50000",
      "  family    IPv6",
      "  type      stream (SOCK_STREAM)",
      "  protocol  TCP",
      "  timeout   19 s",
      "  RTT       45 µs",
      "  software  netfile",
      "  status    200 OK",
      "",
    ]);
  });

  test("makes what the server says harmless", () => {
    const connection = { ...ANSWER.connection, software: HOSTILE };
    const panel = formatPanel({ ...ANSWER, reason: HOSTILE, connection }, plain);
    expect(panel).not.toMatch(CONTROLS);
    expect(panel.split("\n")).toHaveLength(10);
  });

  test("says n/a for what is not known", () => {
    const connection = { ...ANSWER.connection, software: undefined, timeoutMs: undefined, rttUs: undefined };
    expect(formatPanel({ ...ANSWER, connection }, plain).match(/n\/a/g)).toHaveLength(3);
  });
});

describe("formatStatus()", () => {
  test.each([
    [200, "OK", "200 OK"],
    [404, "", "404"],
    [500, "a\u001bb", "500 a\\x1bb"],
  ])("of %p %j is %p", (status, reason, text) => {
    expect(formatStatus(status, reason, plain)).toBe(text);
  });

  test.each([
    [204, "\u001b[32m"],
    [304, "\u001b[36m"],
    [404, "\u001b[33m"],
    [503, "\u001b[31m"],
  ])("colours %p by its class where there are colours", (status, color) => {
    expect(formatStatus(status, "", picocolors.createColors(true))).toStartWith(color);
  });
});

describe("formatPhases()", () => {
  test("tells each phase", () => {
    expect(formatPhases({ resolveMs: 0.2, connectMs: 0.3, firstByteMs: 1.2, transferMs: 12 })).toBe(
      "resolve 200 µs · connect 300 µs · first byte 1.2 ms · transfer 12 ms",
    );
    const phases = { resolveMs: 0, connectMs: 0, firstByteMs: 0, transferMs: 12, saveMs: 8 };
    expect(formatPhases(phases)).toEndWith("transfer 12 ms · save 8 ms");
  });
});

describe("formatRequestLine()", () => {
  const brief = { isVerbose: false };

  test("tells time, client, request, status, bytes, duration and RTT", () => {
    expect(formatRequestLine(RECORD, plain, brief)).toBe(
      "03:04:05 127.0.0.1:51234 GET /photo.jpg 200 1.2 MB 12 ms RTT 45 µs",
    );
  });

  test("marks an answer that was cut short, and a request that could not be read", () => {
    expect(formatRequestLine({ ...RECORD, isWhole: false }, plain, brief)).toEndWith("(cut short)");
    expect(formatRequestLine({ ...RECORD, method: "-", target: "-", status: 400 }, plain, brief)).toContain(
      "(unreadable) 400",
    );
  });

  test("tells what was received of an upload, and of no other request", () => {
    const put = { ...RECORD, method: "PUT", target: "/ok.txt", status: 201, bodyBytes: 14 };
    expect(formatRequestLine({ ...put, receivedBytes: 1_000_000 }, plain, brief)).toContain(
      "PUT /ok.txt 201 ↑ 1.0 MB 12 ms",
    );
    const patch = { ...put, method: "PATCH", status: 204, receivedBytes: 5 };
    expect(formatRequestLine(patch, plain, brief)).toContain("PATCH /ok.txt 204 ↑ 5 B");
    expect(formatRequestLine({ ...put, receivedBytes: 9 }, plain, { isVerbose: true })).toContain(
      "sent 14 B",
    );
    expect(formatRequestLine(put, plain, brief)).toContain("201 14 B 12 ms");
    expect(formatRequestLine({ ...RECORD, receivedBytes: 5 }, plain, brief)).not.toContain("↑");
  });

  test("has no version for what could not be read, and reads UTF-8 in fields", () => {
    const userAgent = Buffer.from("Bär").toString("latin1");
    const record = { ...RECORD, method: "-", target: "-", version: "-", userAgent };
    const line = formatRequestLine(record, plain, { isVerbose: true });
    expect(line).not.toContain("HTTP/");
    expect(line).toEndWith("by Bär");
  });

  test("tells more when asked to", () => {
    const record = { ...RECORD, receivedBytes: 5, referer: "http://a/", userAgent: "curl/8" };
    expect(formatRequestLine(record, plain, { isVerbose: true })).toEndWith(
      "#12 · HTTP/1.1 · received 5 B · from http://a/ · by curl/8",
    );
  });

  test("cuts an endless target", () => {
    expect(formatRequestLine({ ...RECORD, target: "x".repeat(9999) }, plain, brief).length).toBeLessThan(300);
  });

  test("lets no control character through (CVE-2009-4487, CVE-2009-4490 to 4492)", () => {
    const record = { ...RECORD, method: HOSTILE, target: HOSTILE, referer: HOSTILE, userAgent: HOSTILE };
    const line = formatRequestLine({ ...record, version: HOSTILE }, plain, { isVerbose: true });
    expect(line).not.toMatch(CONTROLS);
    expect(line).not.toContain("\n");
  });
});
