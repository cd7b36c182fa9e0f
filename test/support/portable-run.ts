/**
 * Runs tests once more without the calls of the C library, as on systems that have no such.
 */
import { join } from "node:path";
import { PROJECT_ROOT } from "./source-files.ts";

/** @param paths of tests or folders of them, from the project's root. @returns what `bun test` said, and how it ended. */
export async function runWithoutLibc(
  paths: readonly string[],
): Promise<{ readonly said: string; readonly code: number; readonly failed: readonly string[] }> {
  const preload = join(PROJECT_ROOT, "test/support/without-libc.ts");
  const child = Bun.spawn(
    [
      process.execPath,
      "test",
      "--timeout",
      "60000",
      "--preload",
      preload,
      ...paths.map((path) => `./${path}`),
    ],
    {
      cwd: PROJECT_ROOT,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    },
  );
  const said = await child.stderr.text();
  return { said, code: await child.exited, failed: said.match(/^\(fail\).*$/gm) ?? [] };
}
