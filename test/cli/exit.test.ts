import { describe, expect, test } from "bun:test";

import { describeFailure, EXIT, EXIT_CODE_LINES, LocalFileError, UsageError } from "../../src/cli/exit.ts";
import { UrlError } from "../../src/client/origin.ts";
import { TransferError } from "../../src/client/transfer-error.ts";
import type { TransferPhase } from "../../src/client/transfer-error.ts";
import { ListenError } from "../../src/server/listener.ts";

describe("describeFailure()", () => {
  test.each<[TransferPhase, number | undefined, number]>([
    ["resolve", undefined, 4],
    ["connect", undefined, 4],
    ["send", undefined, 4],
    ["receive", 200, 4],
    ["protocol", undefined, 1],
    ["answer", 400, 3],
    ["answer", 404, 3],
    ["answer", 499, 3],
    ["answer", 500, 7],
    ["answer", 599, 7],
    ["answer", 304, 1],
    ["answer", 200, 1],
    ["answer", undefined, 1],
    ["verify", 200, 5],
    ["save", 200, 6],
    ["read", undefined, 6],
    ["exists", undefined, 6],
  ])("gives a transfer that failed in phase %s with status %p the code %p", (phase, status, code) => {
    const error = new TransferError(phase, "It failed", status === undefined ? {} : { status });
    expect(describeFailure(error)).toEqual({ code, text: "It failed", isExpected: true });
  });

  test.each<[Error, number]>([
    [new UsageError("It failed"), EXIT.usage],
    [new UrlError("It failed"), EXIT.usage],
    [new LocalFileError("It failed"), EXIT.disk],
    [new ListenError("It failed", "EADDRINUSE"), EXIT.failure],
  ])("maps what is expected (%#)", (error, code) => {
    expect(describeFailure(error)).toEqual({ code, text: "It failed", isExpected: true });
  });

  test.each<[unknown, string]>([
    [new Error("boom\n  at secret.ts:1"), "Unexpected error: boom"],
    ["thrown text", "Unexpected error: thrown text"],
    [Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" }), "EACCES: permission denied"],
  ])("makes one line of what is not (%#)", (error, text) => {
    expect(describeFailure(error)).toEqual({ code: EXIT.failure, text, isExpected: false });
  });

  test("has a line in the help for every code but that of SIGTERM", () => {
    const listed = EXIT_CODE_LINES.map(([code]) => Number(code));
    expect(listed).toEqual(Object.values(EXIT).filter((code) => code !== EXIT.terminated));
  });
});
