import { describe, expect, test } from "bun:test";
import { Place } from "../../src/base/line-up.ts";
import { DEFAULT_SERVER_LIMITS } from "../../src/server/limits.ts";
import { adaptiveTimeoutMs, Register, type Registered } from "../../src/server/register.ts";

class FakeConnection implements Registered {
  readonly endpoint: { readonly peerAddress: string };
  readonly openPlace = new Place<this>(this);
  readonly idlePlace = new Place<this>(this);
  isIdle = true;
  isClosed = false;

  constructor(peerAddress: string) {
    this.endpoint = { peerAddress };
  }

  closeIfIdle(): boolean {
    if (!this.isIdle) return false;
    this.isClosed = true;
    return true;
  }

  retire(): void {}
  kill(): void {}
}

function fill(register: Register<FakeConnection>, addresses: readonly string[]): FakeConnection[] {
  return addresses.map((address) => {
    const connection = new FakeConnection(address);
    register.add(connection);
    return connection;
  });
}

describe("adaptiveTimeoutMs()", () => {
  test.each([
    [0, 20_000],
    [1, 19_000],
    [14, 6_000],
    [15, 5_000],
    [16, 5_000],
    [10_000, 5_000],
  ])("with %i connections: %i ms (max(5 s, 20 s − connections))", (connections, expected) => {
    expect(adaptiveTimeoutMs(connections, DEFAULT_SERVER_LIMITS)).toBe(expected);
  });

  test("its two numbers can be set", () => {
    const limits = { ...DEFAULT_SERVER_LIMITS, idleCeilingMs: 60_000, idleFloorMs: 2_000 };
    expect([adaptiveTimeoutMs(3, limits), adaptiveTimeoutMs(59, limits)]).toEqual([57_000, 2_000]);
  });
});

describe("Register", () => {
  const limits = { ...DEFAULT_SERVER_LIMITS, connections: 3, connectionsPerAddress: 2 };

  test("at the cap the connection that has been idle longest gives way", () => {
    const register = new Register<FakeConnection>(limits);
    const [a, b, c] = fill(register, ["1", "2", "3"]);
    register.markBusy(a!);
    register.markIdle(a!);
    expect(register.makeRoom("4")).toBe(true);
    expect([a, b, c].map((connection) => connection?.isClosed)).toEqual([false, true, false]);
    expect(register.size).toBe(2);
  });

  test("at the cap with nothing idle there is no room", () => {
    const register = new Register<FakeConnection>(limits);
    for (const connection of fill(register, ["1", "2", "3"])) register.markBusy(connection);
    expect(register.makeRoom("4")).toBe(false);
    expect(register.busySize).toBe(3);
  });

  test("at an address's cap only a connection of that address gives way", () => {
    const register = new Register<FakeConnection>(limits);
    const [other, mine] = fill(register, ["2", "1", "1"]);
    expect(register.makeRoom("1")).toBe(true);
    expect([other?.isClosed, mine?.isClosed]).toEqual([false, true]);
  });

  test("counts an address anew when its connections have gone", () => {
    const register = new Register<FakeConnection>(limits);
    const gone = fill(register, ["1", "1"]);
    for (const connection of gone) {
      register.delete(connection);
      register.delete(connection);
    }
    fill(register, ["1"]);
    expect(register.makeRoom("1")).toBe(true);
    expect(register.size).toBe(1);
  });
});
