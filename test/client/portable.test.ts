/**
 * The client without the calls that only Linux has: what moves bytes the ordinary way passes the same tests.
 */
import { expect, test } from "bun:test";
import { runWithoutLibc } from "../support/portable-run.ts";

const FILES = ["download", "upload", "hostile-answers", "sink"];

test.skipIf(process.platform !== "linux")(
  `${FILES.join(", ")}: the same without the C library's calls`,
  async () => {
    const { said, code, failed } = await runWithoutLibc(FILES.map((name) => `test/client/${name}.test.ts`));
    expect({ code, failed }).toEqual({ code: 0, failed: [] });
    // It is the ordinary way that was tried.
    expect(said).toMatch(/\(skip\) FileSink > reserves room/);
  },
  60_000,
);
