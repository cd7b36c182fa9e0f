import { describe, expect, test } from "bun:test";
import { DEFAULT_SERVER_LIMITS } from "../../src/server/limits.ts";
import { Patience } from "../../src/server/patience.ts";
import { ManualClock } from "../support/manual-clock.ts";

function setUp() {
  const clock = new ManualClock();
  const moved = { sentBytes: 0, readBytes: 0 };
  const limits = {
    ...DEFAULT_SERVER_LIMITS,
    headMs: 10_000,
    bodyWindowMs: 20_000,
    sendWindowMs: 60_000,
    minRateBytesPerS: 100,
    farewellMs: 30_000,
    farewellSilenceMs: 3_000,
  };
  const patience = new Patience(moved, { limits, clock });
  return { clock, moved, patience };
}

describe("Patience", () => {
  test("a head that trickles in gets no more time with each byte (slowloris)", () => {
    const { clock, patience } = setUp();
    patience.await("head");
    clock.advance(9_000);
    patience.await("head");
    expect(patience.deadlineMs).toBe(10_000);
    expect(patience.isExhausted()).toBe(true);
  });

  test.each(["body", "reader"] as const)(
    "a %s that keeps up the least rate gets another window",
    (awaited) => {
      const { clock, moved, patience } = setUp();
      patience.await(awaited);
      const windowMs = patience.deadlineMs;
      clock.advance(windowMs);
      moved.sentBytes += (100 * windowMs) / 1000;
      moved.readBytes += (100 * windowMs) / 1000;
      expect(patience.isExhausted()).toBe(false);
      expect(patience.deadlineMs).toBe(2 * windowMs);
    },
  );

  test.each(["body", "reader"] as const)(
    "a %s one byte below the least rate is given up (R.U.D.Y., slow read)",
    (awaited) => {
      const { clock, moved, patience } = setUp();
      patience.await(awaited);
      clock.advance(patience.deadlineMs);
      moved.sentBytes += (100 * patience.deadlineMs) / 1000 - 1;
      moved.readBytes += (100 * patience.deadlineMs) / 1000 - 1;
      expect(patience.isExhausted()).toBe(true);
    },
  );

  test("the site may take for ever, with a word to the client now and then", () => {
    const { clock, patience } = setUp();
    patience.await("site");
    for (const deadlineMs of [10_000, 20_000, 30_000]) {
      expect(patience.deadlineMs).toBe(deadlineMs);
      clock.advance(10_000);
      patience.await("site");
      expect(patience.deadlineMs).toBe(deadlineMs);
      expect(patience.isExhausted()).toBe(true);
    }
  });

  test("a farewell lasts while the client still sends, but not for ever", () => {
    const { clock, patience } = setUp();
    patience.awaitFarewell();
    expect(patience.deadlineMs).toBe(3_000);
    for (let i = 0; i < 20; i++) {
      clock.advance(2_000);
      patience.extendFarewell();
    }
    expect(patience.deadlineMs).toBe(30_000);
    expect(patience.isOver).toBe(true);
  });

  test("an idle connection is at rest after a second, once", () => {
    const { clock, patience } = setUp();
    patience.awaitRequest(5_000);
    expect(patience.deadlineMs).toBe(1_000);
    clock.advance(1_000);
    expect(patience.isAtRest()).toBe(true);
    expect(patience.isAtRest()).toBe(false);
    expect(patience.deadlineMs).toBe(5_000);
  });

  test("an idle time that is over is no rest, however short it was", () => {
    const { clock, patience } = setUp();
    patience.awaitRequest(500);
    expect(patience.deadlineMs).toBe(500);
    clock.advance(500);
    expect(patience.isAtRest()).toBe(false);
    expect(patience.isExhausted()).toBe(true);
  });

  test.each(["request", "farewell"] as const)(
    "a tail that is read at the least rate is waited for after the %s, one that isn't read is not",
    (awaited) => {
      const { clock, moved, patience } = setUp();
      if (awaited === "request") patience.awaitRequest(5_000);
      else patience.awaitFarewell();
      clock.advance(5_000);
      expect(patience.awaitTail()).toBe(true);
      expect(patience.deadlineMs).toBe(6_000);
      for (let looks = 0; looks < 120; looks += 1) {
        clock.advance(1_000);
        moved.readBytes += 100;
        expect(patience.awaitTail()).toBe(true);
      }
      clock.advance(60_000);
      expect(patience.awaitTail()).toBe(false);
    },
  );
});
