import { describe, expect, test } from "bun:test";
import { IdleExit } from "../../src/server/idle-exit.ts";

function setUp(idleExitMs: number | undefined) {
  const state = { busy: 0, exits: 0 };
  const idleExit = new IdleExit(
    { idleExitMs, busyCount: () => state.busy, onIdle: () => (state.exits += 1) },
    1_000,
  );
  return { state, idleExit };
}

describe("IdleExit", () => {
  test("ends the server when no request came for so long", () => {
    const { state, idleExit } = setUp(60_000);
    expect(idleExit.deadlineMs).toBe(61_000);
    idleExit.expire(61_000);
    expect(state.exits).toBe(1);
    expect(idleExit.deadlineMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("counts anew from each request", () => {
    const { idleExit } = setUp(60_000);
    idleExit.note(50_000);
    expect(idleExit.deadlineMs).toBe(110_000);
  });

  test("a running transfer counts as activity", () => {
    const { state, idleExit } = setUp(60_000);
    state.busy = 1;
    idleExit.expire(61_000);
    expect(state.exits).toBe(0);
    expect(idleExit.deadlineMs).toBe(121_000);
  });

  test("never ends a server that was not told to", () => {
    expect(setUp(undefined).idleExit.deadlineMs).toBe(Number.POSITIVE_INFINITY);
  });
});
