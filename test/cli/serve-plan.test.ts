import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";

import { UsageError } from "../../src/cli/exit.ts";
import { readServePlan, SERVE_ARGS } from "../../src/cli/serve-plan.ts";
import type { ServePlan } from "../../src/cli/serve-plan.ts";
import { readStrictArgs } from "../../src/cli/strict-args.ts";
import { DEFAULT_POLICY } from "../../src/site/policy.ts";
import { DEFAULT_SERVER_LIMITS } from "../../src/server/limits.ts";

function plan(...words: string[]): ServePlan {
  return readServePlan(readStrictArgs(words, SERVE_ARGS));
}

describe("readServePlan()", () => {
  test("serves the current folder on 127.0.0.1:8080, read only, by default", () => {
    expect(plan()).toEqual({
      folder: resolve("."),
      port: 8080,
      host: "127.0.0.1",
      policy: DEFAULT_POLICY,
      limits: DEFAULT_SERVER_LIMITS,
      workers: 1,
      idleExitMs: undefined,
      accessLog: undefined,
      detail: "normal",
    });
  });

  test.each<[string[], number, string]>([
    [["."], 8080, "."],
    [["9000"], 9000, "."],
    [["0"], 0, "."],
    [["9089", "/srv"], 9089, "/srv"],
    [["./2024"], 8080, "2024"],
    [["80a"], 8080, "80a"],
    [["-p", "9000"], 9000, "."],
    [["-p", "9000", "/srv"], 9000, "/srv"],
    [["9000", "2024"], 9000, "2024"],
  ])("reads the place from %j", (words, port, folder) => {
    expect(plan(...words)).toMatchObject({ port, folder: resolve(folder) });
  });

  test("reads every flag", () => {
    const words = [
      "--allow=pdf",
      "--upload",
      "--max-upload=10k",
      "--on-exist=rename",
      "--spa",
      "--cors",
      "--header=X-A: b",
      "--no-compress",
      "--workers=3",
      "--idle-exit=60",
      "--timeout-max=30",
      "--timeout-min=2.5",
      "--max-connections=10",
      "--max-connections-per-address=3",
      "--log-file=/tmp/a.log",
      "--log-format=json",
      "--verbose",
      "--host=[::1]",
    ];
    expect(plan(...words)).toEqual({
      folder: resolve("."),
      port: 8080,
      host: "::1",
      policy: {
        allow: new Set(["txt", "jpg", "jpeg", "png", "html", "htm", "pdf"]),
        upload: { maxBytes: 10_240, onExist: "rename" },
        spa: true,
        cors: "*",
        headers: [["X-A", "b"]],
        compress: false,
      },
      limits: {
        ...DEFAULT_SERVER_LIMITS,
        idleCeilingMs: 30_000,
        idleFloorMs: 2_500,
        connections: 10,
        connectionsPerAddress: 3,
      },
      workers: 3,
      idleExitMs: 60_000,
      accessLog: { path: "/tmp/a.log", format: "json" },
      detail: "verbose",
    });
  });

  test("brings the floor of the timeout down with its ceiling", () => {
    expect(plan("--timeout-max=2").limits).toMatchObject({ idleCeilingMs: 2000, idleFloorMs: 2000 });
  });

  test("listens everywhere with --lan", () => {
    expect(plan("--lan").host).toEqual({ kind: "lan" });
  });

  test.each<[string[], string]>([
    [["80", "-p", "81"], "The port is given twice"],
    [["-p", "80", "2024"], "The port is given twice"],
    [["/srv", "80"], 'The order is PORT DIR; write: netfile serve 80 "/srv"'],
    [["a", "b"], 'The port "a" is not a port'],
    [["65536"], 'The port "65536" is not a port'],
    [["--port=70000"], 'The value of --port "70000" is not a port'],
    [["--lan", "--host=::1"], "--lan and --host contradict each other"],
    [["--quiet", "--verbose"], "--quiet and --verbose contradict each other"],
    [["--max-upload=1M"], "Uploads are off; add --upload"],
    [["--on-exist=replace"], "Uploads are off; add --upload"],
    [["--timeout-max=0.5"], 'The value "0.5" of --timeout-max is too short; write 1 or more seconds'],
    [["--timeout-min=0.2"], 'The value "0.2" of --timeout-min is too short; write 1 or more seconds'],
    [["--timeout-min=30"], "--timeout-min is greater than --timeout-max"],
    [["--timeout-max=2", "--timeout-min=3"], "--timeout-min is greater than --timeout-max"],
    [["--log-file=-"], '"-" is no file to keep a log in; for standard output write /dev/stdout'],
    [["--log-format=json"], "--log-format needs --log-file FILE"],
  ])("refuses %j", (words, message) => {
    expect(() => plan(...words)).toThrow(UsageError);
    expect(() => plan(...words)).toThrow(message);
  });
});
