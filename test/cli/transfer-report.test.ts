import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";

import { formatDurationMs } from "../../src/base/units.ts";
import { UsageError } from "../../src/cli/exit.ts";
import { describeTransfer, formatConfirmation, formatLogLine } from "../../src/cli/transfer-report.ts";
import type { Transfer, TransferDone } from "../../src/cli/transfer-report.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";
import { TransferError } from "../../src/client/transfer-error.ts";

const url = parseRemoteUrl("http://localhost:8080/photo.jpg");

const DONE: TransferDone = {
  bodyBytes: 1_200_000,
  phases: { resolveMs: 0.12345, connectMs: 0.3, firstByteMs: 1.2, transferMs: 12 },
  savedAs: resolve("photo.jpg"),
  proof: "length",
};

const GOT = {
  command: "get",
  url,
  answer: {
    status: 200,
    reason: "OK",
    url,
    mediaType: "image/jpeg",
    totalBytes: 1_200_000,
    connection: {
      hostName: "localhost",
      endpoint: {
        peerAddress: "127.0.0.1",
        peerPort: 8080,
        localAddress: "127.0.0.1",
        localPort: 5,
        family: "IPv4",
      },
      timeoutMs: 19_000,
      rttUs: 45,
      software: "netfile",
      isReused: false,
    },
  },
  done: DONE,
  failure: undefined,
} satisfies Transfer;

const FAILED: Transfer = {
  ...GOT,
  answer: undefined,
  done: undefined,
  failure: {
    code: 3,
    text: "It answered 404",
    isExpected: true,
    error: new TransferError("answer", "It answered 404", { status: 404 }),
  },
};

describe("formatConfirmation()", () => {
  test.each<[Partial<TransferDone>, string]>([
    [{}, "Saved photo.jpg — 1.2 MB in 12 ms (100 MB/s), length only"],
    [
      { proof: "sha-256", provenBy: "server" },
      "Saved photo.jpg — 1.2 MB in 12 ms (100 MB/s), sha-256 verified by server",
    ],
    [
      { proof: "sha-512", provenBy: "user" },
      "Saved photo.jpg — 1.2 MB in 12 ms (100 MB/s), sha-512 verified by you",
    ],
    [{ proof: "none" }, "Saved photo.jpg — 1.2 MB in 12 ms (100 MB/s), length not announced"],
    [
      { savedAs: "/elsewhere/a\u001b.jpg" },
      "Saved /elsewhere/a\\x1b.jpg — 1.2 MB in 12 ms (100 MB/s), length only",
    ],
    [{ savedAs: undefined }, "Received /photo.jpg — 1.2 MB in 12 ms (100 MB/s), length only"],
  ])("of a download is one line (%#)", (done, line) => {
    expect(formatConfirmation({ ...GOT, done: { ...DONE, ...done } }, "/photo.jpg")).toBe(line);
  });

  test("of an upload says what was sent, and where it is", () => {
    const done = { ...DONE, savedAs: "/photo-1%20%C3%A9.jpg" };
    expect(formatConfirmation({ ...GOT, command: "put", done }, "dir/photo.jpg")).toBe(
      "Sent dir/photo.jpg — 1.2 MB in 13 ms (91 MB/s), saved as /photo-1 é.jpg",
    );
  });

  test.each([
    [999, "1.2 MB in 12 ms (100 MB/s), length only"],
    [9800, "1.2 MB in 12 ms (100 MB/s), 9.8 s more until it was on the disk, length only"],
  ])("tells of the disk when it took long: %d ms", (saveMs, text) => {
    const done = { ...DONE, phases: { ...DONE.phases, saveMs } };
    expect(formatConfirmation({ ...GOT, done }, "")).toEndWith(text);
    expect(describeTransfer({ ...GOT, done })).toMatchObject({ phases: { saveMs } });
    const totalMs = 13.62345 + saveMs;
    expect(formatLogLine({ ...GOT, done }, 0)).toContain(` ${formatDurationMs(totalMs)} RTT`);
  });

  test("has a rate even when no time has passed", () => {
    const phases = { resolveMs: 0, connectMs: 0, firstByteMs: 0, transferMs: 0 };
    expect(formatConfirmation({ ...GOT, done: { ...DONE, phases, bodyBytes: 0 } }, "")).toContain(
      "0 B in 0 ms (0 B/s)",
    );
  });
});

describe("describeTransfer()", () => {
  test("tells all of a transfer that ended well", () => {
    expect(describeTransfer(GOT)).toMatchObject({
      command: "get",
      url: "http://localhost:8080/photo.jpg",
      status: 200,
      reason: "OK",
      mediaType: "image/jpeg",
      announcedBytes: 1_200_000,
      bytes: 1_200_000,
      rateBytesPerS: 100_000_000,
      savedAs: resolve("photo.jpg"),
      verifiedBy: "length",
      server: {
        name: "localhost",
        address: "127.0.0.1",
        port: 8080,
        family: "IPv4",
        timeoutMs: 19_000,
        rttUs: 45,
      },
      client: { address: "127.0.0.1", port: 5 },
      phases: { resolveMs: 0.123 },
      exitCode: 0,
    });
  });

  test("tells why one failed", () => {
    expect(JSON.parse(JSON.stringify(describeTransfer(FAILED)))).toEqual({
      command: "get",
      url: "http://localhost:8080/photo.jpg",
      status: 404,
      error: { message: "It answered 404", phase: "answer" },
      exitCode: 3,
    });
  });

  test("has no phase for an error that is none of a transfer", () => {
    const failure = { code: 2, text: "No", isExpected: true, error: new UsageError("No") };
    expect(describeTransfer({ ...FAILED, failure })).toMatchObject({
      error: { phase: undefined },
      exitCode: 2,
    });
  });
});

describe("formatLogLine()", () => {
  const atMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

  test("is one line with the figures", () => {
    expect(formatLogLine(GOT, atMs)).toBe(
      `2026-01-02T03:04:05.678Z GET http://localhost:8080/photo.jpg 200 1200000 bytes 14 ms RTT 45 µs saved as ${resolve("photo.jpg")}`,
    );
    expect(formatLogLine({ ...GOT, done: { ...DONE, savedAs: undefined } }, atMs)).toEndWith(" printed");
  });

  test("tells of a failure with its exit code, harmlessly", () => {
    const failure = { ...FAILED.failure!, text: "It said \u001b[2J\n" };
    expect(formatLogLine({ ...FAILED, failure }, atMs)).toBe(
      "2026-01-02T03:04:05.678Z GET http://localhost:8080/photo.jpg 404 - - RTT n/a failed (3): It said \\x1b[2J\\x0a",
    );
  });
});
