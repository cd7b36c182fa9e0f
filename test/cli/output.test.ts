import { describe, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";

import { ContentPrinter } from "../../src/cli/content-printer.ts";
import { readEnvironment, workerVariables } from "../../src/cli/environment.ts";
import { LinePrinter } from "../../src/cli/line-printer.ts";
import { Log } from "../../src/cli/log.ts";
import { isTerminalDescriptor, wantsColors } from "../../src/cli/terminal.ts";
import type { Output } from "../../src/cli/terminal.ts";
import { FakeOutput } from "../support/fake-terminal.ts";

describe("readEnvironment()", () => {
  test("reads nothing from nothing", () => {
    expect(readEnvironment({})).toEqual({
      noColor: false,
      forceColor: false,
      isDumb: false,
      debug: false,
      stateFolder: undefined,
      homeFolder: undefined,
      password: undefined,
      netrcFile: undefined,
      proxy: undefined,
      proxyExceptions: undefined,
    });
  });

  test.each<[Record<string, string>, object]>([
    [{ NO_COLOR: "1" }, { noColor: true }],
    [{ NO_COLOR: "" }, { noColor: false }],
    [{ FORCE_COLOR: "1" }, { forceColor: true }],
    [{ FORCE_COLOR: "0" }, { forceColor: false }],
    [{ TERM: "dumb" }, { isDumb: true }],
    [{ NETFILE_DEBUG: "1" }, { debug: true }],
    [{ HOME: "/home/me" }, { stateFolder: "/home/me/.local/state" }],
    [{ HOME: "/home/me", XDG_STATE_HOME: "/state" }, { stateFolder: "/state" }],
    [{ HOME: "/home/me", XDG_STATE_HOME: "relative" }, { stateFolder: "/home/me/.local/state" }],
    [{ HOME: "" }, { stateFolder: undefined }],
  ])("reads %j", (variables, found) => {
    expect(readEnvironment(variables)).toMatchObject(found);
  });
});

describe("wantsColors()", () => {
  test.each<[Record<string, string>, boolean, boolean]>([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
  ])("with %j on a terminal (%p) is %p", (variables, isTerminal, isWanted) => {
    expect(wantsColors(readEnvironment(variables), isTerminal)).toBe(isWanted);
  });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("ContentPrinter", () => {
  test("passes bytes into a pipe as they are", async () => {
    const output = new FakeOutput();
    const printer = new ContentPrinter(output, () => undefined);
    await printer.print(bytes("\u001b[2Ja\r\nb"));
    printer.end();
    expect(output.text).toBe("\u001b[2Ja\r\nb");
  });

  test("makes content harmless on a terminal, and ends its last line", async () => {
    const output = new FakeOutput({ isTerminal: true });
    const printer = new ContentPrinter(output, () => undefined);
    await printer.print(bytes("\u001b]0;owned\u0007\ta\r\nb"));
    printer.end();
    expect(output.text).toBe("\\x1b]0;owned\\x07\ta\nb\n");
  });

  test("keeps characters whole that come in two pieces", async () => {
    const output = new FakeOutput({ isTerminal: true });
    const printer = new ContentPrinter(output, () => undefined);
    for (const byte of bytes("ä🙂\n")) await printer.print(Uint8Array.of(byte));
    printer.end();
    expect(output.text).toBe("ä🙂\n");
  });

  test("tells once when the reader has gone", async () => {
    const output = new FakeOutput();
    output.hasReader = false;
    let told = 0;
    const printer = new ContentPrinter(output, () => {
      told += 1;
    });
    await printer.print(bytes("a"));
    await printer.print(bytes("b"));
    expect(told).toBe(1);
    expect(printer.hasReader).toBe(false);
  });
});

describe("LinePrinter", () => {
  test("prints lines in order, in batches", async () => {
    const output = new FakeOutput();
    const printer = new LinePrinter(output);
    for (const line of ["a", "b", "c"]) printer.print(line);
    await printer.flush(1000);
    expect(output.text).toBe("a\nb\nc\n");
  });

  test("leaves lines out, and says how many, when nobody reads", async () => {
    const written: string[] = [];
    const { promise: pause, resolve: goOn } = Promise.withResolvers<void>();
    const slow = {
      write: async (batch: Uint8Array): Promise<boolean> => {
        written.push(new TextDecoder().decode(batch));
        if (written.length === 1) await pause;
        return true;
      },
    } as unknown as Output;
    const printer = new LinePrinter(slow);
    const line = "x".repeat(1023);
    for (let count = 0; count < 2000; count++) printer.print(line);
    await printer.flush(1);
    expect(written).toHaveLength(1);
    goOn();
    await printer.flush(1000);
    const text = written.join("");
    expect(text.length).toBeLessThan(1.1 * 1024 * 1024);
    expect(text).toMatch(/… \d+ lines left out, since they were not read in time\n$/);
  });

  test("goes quiet when the terminal is gone", async () => {
    const gone = { write: () => Promise.reject(new Error("EIO")) } as unknown as Output;
    const printer = new LinePrinter(gone);
    printer.print("a");
    await printer.flush(1000);
    printer.print("b");
    await printer.flush(1000);
  });
});

describe("Log", () => {
  test("tells errors and warnings in one harmless line each", async () => {
    const output = new FakeOutput();
    const log = new Log(output);
    await log.error("It failed: `a` _b_ \u001b[2J\nmore");
    await log.warn("Careful");
    expect(output.text).toBe(
      "netfile: error: It failed: `a` _b_ \\x1b[2J\\x0amore\nnetfile: warning: Careful\n",
    );
  });

  test("collapses a flood of the same line", async () => {
    const output = new FakeOutput();
    const log = new Log(output);
    for (let count = 0; count < 1000; count++) await log.warn("Too many open files");
    expect(output.text.split("\n").length).toBeLessThan(20);
  });
});

describe("workerVariables()", () => {
  test("passes on what is harmless, and nothing that changes the runtime", () => {
    const variables = { TZ: "UTC", BUN_OPTIONS: "--preload x", BUN_BE_BUN: "1", LD_PRELOAD: "x", PATH: "/" };
    expect(workerVariables(variables, true)).toEqual({ TZ: "UTC", FORCE_COLOR: "1" });
  });

  test("decides on colours as the parent did", () => {
    expect(workerVariables({ FORCE_COLOR: "1", TERM: "dumb" }, false)).toEqual({ NO_COLOR: "1" });
  });
});

describe("isTerminalDescriptor()", () => {
  test.each([devNull, import.meta.path])("says no of %s", (path) => {
    const fd = openSync(path, "r");
    expect(isTerminalDescriptor(fd)).toBe(false);
    closeSync(fd);
  });
});
