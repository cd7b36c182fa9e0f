/**
 * The server without the calls that only Linux has: no sendfile, no inotify, no statx, no getdents64. Every answer is the same.
 */
import { expect, test } from "bun:test";
import { runWithoutLibc } from "../support/portable-run.ts";

const PATHS = [
  "test/conformance",
  "test/net/peer-name.test.ts",
  "test/server/serve.test.ts",
  "test/site/disk.test.ts",
  "test/store/disk.test.ts",
  "test/store/recent-files.test.ts",
];

test.skipIf(process.platform !== "linux")(
  "conformance, and the files on the disk: the same without the C library's calls",
  async () => {
    const { said, code, failed } = await runWithoutLibc(PATHS);
    expect({ code, failed }).toEqual({ code: 0, failed: [] });
    expect(Number(/^ *(\d+) pass$/m.exec(said)?.[1])).toBeGreaterThan(1000);
  },
  120_000,
);
