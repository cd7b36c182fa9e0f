import { describe, expect, test } from "bun:test";
import { TransferError } from "../../src/client/transfer-error.ts";

describe("TransferError", () => {
  test.each([
    ["The server broke the connection; try again", "The server broke the connection"],
    ["It has been silent for 30 s; try again, or allow more time", "It has been silent for 30 s"],
    [
      "It answered 429; the server asks for fewer requests; try again later",
      "It answered 429; the server asks for fewer requests",
    ],
    ["The disk is full; make room and try again", "The disk is full; make room and try again"],
  ])("tells of %j what happened", (message, happened) => {
    expect(new TransferError("receive", message).whatHappened).toBe(happened);
  });

  test("is the same in other words, and of a transfer that goes on", () => {
    const cause = new Error("cause");
    const error = new TransferError("answer", "No", { status: 503, isRetryable: true, cause });
    expect(error.withMessage("Never")).toMatchObject({
      phase: "answer",
      message: "Never",
      status: 503,
      isRetryable: true,
      cause,
      canGoOn: false,
    });
    expect(error.keeping(7)).toMatchObject({
      phase: "answer",
      message: "No",
      status: 503,
      isRetryable: true,
      cause,
      keptBytes: 7,
      canGoOn: true,
    });
    expect(new TransferError("send", "No").withMessage("x").status).toBeUndefined();
  });
});
