import { expect, test } from "bun:test";
import { join } from "node:path";
import { PROJECT_ROOT } from "../support/source-files.ts";

/** Opens files until there is no room for more, and then dials a port on which somebody listens. */
const PROGRAM = `
  import { openSync } from "node:fs";
  import { systemClock } from "${join(PROJECT_ROOT, "src/base/clock.ts")}";
  import { dial } from "${join(PROJECT_ROOT, "src/client/dial.ts")}";
  const { port } = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  try {
    for (;;) openSync("/dev/null", "r");
  } catch {}
  const limits = { connectTimeoutMs: 5000, silenceMs: 5000, clock: systemClock, signal: new AbortController().signal };
  try {
    await dial({ scheme: "http", host: "127.0.0.1", port }, limits);
    console.log("connected");
  } catch (error) {
    console.log(error.phase, error.message);
  }
  process.exit();
`;

test.skipIf(process.platform === "win32")(
  "dial() says so when too many files are open for a connection",
  async () => {
    const words = ["sh", "-c", 'ulimit -n 100; exec "$0" -e "$1"', process.execPath, PROGRAM];
    const child = Bun.spawn(words, { stdio: ["ignore", "pipe", "inherit"] });
    expect(await child.stdout.text()).toMatch(
      /^connect Cannot connect to 127\.0\.0\.1:\d+: too many files are open here; use fewer --jobs/,
    );
  },
);
