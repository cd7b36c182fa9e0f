/**
 * The client without the calls that only Linux has: what moves bytes the ordinary way passes the same tests.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";

const FILES = ["download", "upload", "hostile-answers", "sink"];

test.skipIf(process.platform !== "linux")(
  `${FILES.join(", ")}: the same without the C library's calls`,
  async () => {
    const root = join(import.meta.dir, "../..");
    const preload = join(root, "test/support/without-libc.ts");
    const paths = FILES.map((name) => join(import.meta.dir, `${name}.test.ts`));
    const child = Bun.spawn([process.execPath, "test", "--preload", preload, ...paths], {
      cwd: root,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    const said = await child.stderr.text();
    expect({ code: await child.exited, failed: said.match(/^\(fail\).*$/gm) ?? [] }).toEqual({
      code: 0,
      failed: [],
    });
    // It is the ordinary way that was tried.
    expect(said).toMatch(/\(skip\) FileSink > reserves room/);
  },
  60_000,
);
