import { describe, expect, test } from "bun:test";
import { DEFAULT_SERVER_LIMITS } from "../../src/server/limits.ts";
import { ListenError } from "../../src/server/listener.ts";
import { shareLimits } from "../../src/server/worker.ts";
import { shareOf } from "../../src/server/worker-messages.ts";
import type { ToWorker } from "../../src/server/worker-messages.ts";
import { backoffMs, WorkerGroup } from "../../src/server/workers.ts";
import type { WorkerEvents, WorkerGroupOptions } from "../../src/server/workers.ts";
import { ManualClock } from "../support/manual-clock.ts";

/** A process that does what the test says. */
class FakeProcess {
  readonly sent: ToWorker<string>[] = [];
  readonly events: WorkerEvents;
  readonly pid: number;
  isKilled = false;

  constructor(events: WorkerEvents, pid: number) {
    this.events = events;
    this.pid = pid;
  }

  send(message: ToWorker<string>): void {
    this.sent.push(message);
  }

  kill(): void {
    this.isKilled = true;
    this.events.onExit("was ended by SIGKILL");
  }

  get kinds(): readonly string[] {
    return this.sent.map(({ kind }) => kind);
  }
}

function begin(options: Partial<WorkerGroupOptions<string>> = {}) {
  const processes: FakeProcess[] = [];
  const [told, lines]: [string[], string[]] = [[], []];
  const clock = new ManualClock();
  const spawned: (() => void)[] = [];
  const starting = WorkerGroup.start<string>({
    count: 2,
    host: "127.0.0.1",
    port: 8080,
    settings: "the plan",
    idleExitMs: undefined,
    spawn: (events) => {
      const process = new FakeProcess(events, 100 + processes.length);
      processes.push(process);
      for (const noted of spawned.splice(0)) noted();
      return process;
    },
    onLines: (text) => lines.push(text),
    onFailure: (text) => told.push(text),
    clock,
    ...options,
  });
  const nextSpawn = (): Promise<void> => new Promise((resolve) => spawned.push(resolve));
  return { processes, told, lines, clock, starting, nextSpawn };
}

async function started(options: Partial<WorkerGroupOptions<string>> = {}) {
  const begun = begin(options);
  for (const { events } of begun.processes) events.onMessage({ kind: "ready" });
  return { ...begun, group: await begun.starting };
}

function failToSpawn(): FakeProcess {
  throw new Error("ENOENT: no executable");
}

describe("shareOf()", () => {
  test.each([
    [10, 1, [10]],
    [10, 3, [4, 3, 3]],
    [9, 3, [3, 3, 3]],
    [1, 2, [1, 1]],
  ])("%d over %d", (total, count, parts) => {
    expect(parts.map((_, index) => shareOf(total, { index, count }))).toEqual(parts);
  });
});

describe("shareLimits()", () => {
  test("shares the caps and leaves the times", () => {
    const limits = { ...DEFAULT_SERVER_LIMITS, connections: 5, connectionsPerAddress: 4 };
    expect(shareLimits(limits, { index: 0, count: 2 })).toEqual({
      ...limits,
      connections: 3,
      connectionsPerAddress: 2,
    });
  });
});

describe("backoffMs()", () => {
  test.each([
    [0, 0],
    [1, 100],
    [2, 200],
    [7, 6400],
    [8, 10_000],
    [1000, 10_000],
  ])("after %d deaths is %d ms", (deaths, expected) => {
    expect(backoffMs(deaths)).toBe(expected);
  });
});

describe("WorkerGroup", () => {
  test("starts each with the settings and its place", async () => {
    const { processes, group } = await started();
    expect(processes.map(({ sent }) => sent[0])).toEqual([
      { kind: "start", settings: "the plan", place: { index: 0, count: 2 } },
      { kind: "start", settings: "the plan", place: { index: 1, count: 2 } },
    ]);
    group.kill();
    for (const { events } of processes) events.onExit("ended");
    expect(await group.ended).toBe("stopped");
  });

  test("does not start when one can't listen, and leaves none behind", async () => {
    const { processes, starting } = begin();
    processes[0]!.events.onMessage({ kind: "ready" });
    processes[1]!.events.onMessage({ kind: "refused", message: "Cannot listen", code: "EADDRINUSE" });
    await Promise.resolve();
    for (const { events } of processes) events.onExit("ended");
    const error = await starting.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ message: "Cannot listen", code: "EADDRINUSE" });
    expect(processes[0]!.kinds).toContain("kill");
  });

  test("does not start when one dies before it serves", async () => {
    const { processes, starting } = begin();
    processes[0]!.events.onExit("was ended by SIGSEGV");
    processes[1]!.events.onExit("ended");
    expect(starting).rejects.toThrow("A worker was ended by SIGSEGV before it served");
  });

  test("tells each how many connections the others have, when that has changed", async () => {
    const { processes } = await started();
    const [first, second] = processes as [FakeProcess, FakeProcess];
    first.events.onMessage({ kind: "load", connections: 3, busyCount: 3, quietMs: 0 });
    second.events.onMessage({ kind: "load", connections: 4, busyCount: 4, quietMs: 0 });
    second.events.onMessage({ kind: "load", connections: 4, busyCount: 4, quietMs: 0 });
    expect(first.sent.slice(1)).toEqual([{ kind: "elsewhere", connections: 4 }]);
    expect(second.sent.slice(1)).toEqual([{ kind: "elsewhere", connections: 3 }]);
  });

  test("replaces one that dies, says so, and no longer counts its connections", async () => {
    const { processes, told, nextSpawn } = await started();
    const [first, second] = processes as [FakeProcess, FakeProcess];
    first.events.onMessage({ kind: "load", connections: 3, busyCount: 3, quietMs: 0 });
    const spawning = nextSpawn();
    first.events.onExit("was ended by SIGKILL");
    expect(told).toEqual(["Worker 1 (process 100) was ended by SIGKILL; another one takes its place"]);
    expect(second.sent.at(-1)).toEqual({ kind: "elsewhere", connections: 0 });
    await spawning;
    expect(processes).toHaveLength(3);
  });

  test("tries again when another one can't be started", async () => {
    let isFull = false;
    const { promise: triedAgain, resolve } = Promise.withResolvers<undefined>();
    const clock = new ManualClock();
    const processes: FakeProcess[] = [];
    const spawn = (events: WorkerEvents): FakeProcess => {
      if (isFull) {
        isFull = false;
        throw new Error("EAGAIN: no room for a process");
      }
      const process = new FakeProcess(events, 100 + processes.length);
      processes.push(process);
      if (processes.length === 3) resolve(undefined);
      return process;
    };
    const { told, starting } = begin({ spawn, clock });
    for (const { events } of processes) events.onMessage({ kind: "ready" });
    const group = await starting;
    isFull = true;
    processes[0]?.events.onExit("was ended by SIGKILL");
    await triedAgain;
    expect(told).toEqual([
      "Worker 1 (process 100) was ended by SIGKILL; another one takes its place",
      "Worker 1 could not be started (EAGAIN: no room for a process); another one takes its place",
    ]);
    group.kill();
    expect(await group.ended).toBe("stopped");
  });

  test("does not start when the first one can't be started", async () => {
    const failure = await begin({ spawn: failToSpawn }).starting.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toEqual(
      new Error(
        "A worker could not be started (ENOENT: no executable) before it served; run without --workers",
      ),
    );
  });

  test("replaces nobody once it is told to stop", async () => {
    const { processes, group, told } = await started();
    const stopping = group.stop(1000);
    expect(processes.map(({ kinds }) => kinds.at(-1))).toEqual(["stop", "stop"]);
    for (const { events } of processes) events.onExit("ended with exit code 0");
    await stopping;
    expect(await group.ended).toBe("stopped");
    expect(told).toEqual([]);
    expect(processes).toHaveLength(2);
  });

  test("ends idle only when all have been quiet for long enough", async () => {
    const { processes, group, clock } = await started({ idleExitMs: 1000 });
    const [first, second] = processes as [FakeProcess, FakeProcess];
    clock.advance(900);
    first.events.onMessage({ kind: "load", connections: 1, busyCount: 1, quietMs: 200 });
    clock.advance(700);
    second.events.onMessage({ kind: "load", connections: 0, busyCount: 0, quietMs: 1600 });
    expect(first.kinds).not.toContain("stop");
    clock.advance(100);
    second.events.onMessage({ kind: "load", connections: 0, busyCount: 0, quietMs: 1700 });
    expect(first.kinds).toContain("stop");
    for (const { events } of processes) events.onExit("ended");
    expect(await group.ended).toBe("idle");
  });

  test("counts what is under way in all of them", async () => {
    const { processes, group } = await started();
    processes[0]!.events.onMessage({ kind: "load", connections: 9, busyCount: 2, quietMs: 0 });
    processes[1]!.events.onMessage({ kind: "load", connections: 9, busyCount: 3, quietMs: 0 });
    expect(group.busyCount).toBe(5);
    processes[1]!.events.onExit("was ended by SIGKILL");
    expect(group.busyCount).toBe(2);
  });

  test("passes lines on, and the wish for a new log", async () => {
    const { processes, group, lines } = await started();
    processes[1]!.events.onMessage({ kind: "lines", text: "a\nb" });
    group.reopen();
    expect(lines).toEqual(["a\nb"]);
    expect(processes.map(({ kinds }) => kinds.at(-1))).toEqual(["reopen", "reopen"]);
  });
});
