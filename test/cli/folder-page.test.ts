import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { acceptForPage } from "../../src/cli/folder-page.ts";
import { FakeOutput } from "../support/fake-terminal.ts";
import { startSite } from "../support/running-site.ts";
import type { RunningSite } from "../support/running-site.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");

let site: RunningSite;
let folder: ScratchFolder;
beforeEach(() => {
  site = startSite();
  folder = new ScratchFolder();
  mkdirSync(join(site.root, "album"));
  writeFileSync(join(site.root, "album/a.txt"), "hello\n");
});
afterEach(async () => {
  await site.stop();
  folder[Symbol.dispose]();
});

async function run(
  words: readonly string[],
  stdin = "",
): Promise<{ code: number; out: string; err: string }> {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    cwd: folder.path,
    env: { PATH: process.env["PATH"] ?? "" },
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, err };
}

describe("acceptForPage()", () => {
  test("prefers text on a terminal, and takes what comes elsewhere", () => {
    expect(acceptForPage(new FakeOutput({ isTerminal: true, columns: 80 }))?.accept).toStartWith(
      "text/plain,",
    );
    expect(acceptForPage(new FakeOutput({ isTerminal: false, columns: 80 }))).toBeUndefined();
  });
});

describe("a folder where a file was named", () => {
  test.each([[[]], [["."]]])("is not saved as a file by get %j", async (destination) => {
    const { code, err } = await run(["get", "127.0.0.1", String(site.port), "album", ...destination]);
    expect(code).toBe(1);
    expect(err).toContain(`/album/ is a folder, or a page of its own; write a "/" behind its name`);
    expect(folder.names()).toEqual([]);
  });

  test("is not saved as a file by the shell", async () => {
    const { code, err } = await run(["shell", "127.0.0.1", String(site.port)], "get album\n");
    expect(code).toBe(1);
    expect(err).toContain("is a folder");
    expect(folder.names()).toEqual([]);
  });

  test("is saved where a name is given for its page, and printed as HTML into a pipe", async () => {
    const saved = await run(["get", "127.0.0.1", String(site.port), "album", "page.html"]);
    expect(saved.code).toBe(0);
    expect(folder.text("page.html")).toContain("<!doctype html>");
    const printed = await run(["get", "127.0.0.1", String(site.port), "album/"]);
    expect(printed.out).toContain("<!doctype html>");
  });
});
