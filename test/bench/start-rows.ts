/**
 * How long it takes from the command to its first answer, and to the end of `--version`; beside the smallest programs
 * that Bun compiles.
 */
import { join } from "node:path";
import type { BenchContext, BenchRow, Installed } from "./bench-context.ts";
import { asServer, bareListener, compileProgram } from "./bun-programs.ts";
import { metric, rotate, Samples } from "./results.ts";
import { asksOnce, RunningServer } from "./running-server.ts";

/** In each round. */
const TIMES = 5;
const LIMIT_MS = 10_000;

const HELLO = "hello world by Bun";

export const START_ROWS: readonly BenchRow[] = [
  { name: "version", title: "`--version`, from start to end", measure: measureVersion },
  { name: "start", title: "From start to the first answer", measure: measureStart },
];

async function measureVersion(context: BenchContext) {
  const hello = await compileProgram(context, "hello", 'console.log("hello world");');
  const commands = [
    { name: "netfile", command: [context.netfile, "--version"] },
    { name: HELLO, command: [hello] },
    ...context.installed.slice(1).map(({ kind, program }) => {
      return { name: kind.name, command: [program, ...kind.versionWords] };
    }),
  ];
  const samples = new Samples();
  for (let time = 0; time < context.rounds * TIMES; time++) {
    context.tell(`version, ${time + 1} of ${context.rounds * TIMES}`);
    for (const { name, command } of rotate(commands, time)) {
      const startMs = performance.now();
      Bun.spawnSync(command, { stdio: ["ignore", "ignore", "ignore"] });
      samples.add(name, { totalMs: performance.now() - startMs });
    }
  }
  return {
    name: "version",
    title: "`--version`",
    reference: HELLO,
    metrics: [metric("totalMs", "time", "ms")],
    results: samples.medians(),
  };
}

async function measureStart(context: BenchContext) {
  const source =
    'Bun.serve({ hostname: "127.0.0.1", port: Number(process.argv[2]), fetch: () => new Response("hello world") });';
  const hello = asServer(HELLO, await compileProgram(context, "hello-server", source));
  const bare = await bareListener(context, {
    head: "HTTP/1.1 200 OK\r\nContent-Length: 1",
    contentBytes: 1,
    closes: false,
  });
  const samples = new Samples();
  const servers = [...context.installed, hello, bare];
  for (let time = 0; time < context.rounds * TIMES; time++) {
    context.tell(`start, ${time + 1} of ${context.rounds * TIMES}`);
    for (const server of rotate(servers, time)) {
      samples.add(server.kind.name, await measureOneStart(context, server));
    }
  }
  return {
    name: "start",
    title: "From start to the first answer",
    reference: HELLO,
    metrics: [metric("totalMs", "time", "ms")],
    results: samples.medians(),
  };
}

async function measureOneStart(
  { root, scratch }: BenchContext,
  { kind, program }: Installed,
): Promise<{ totalMs: number }> {
  const startMs = performance.now();
  const place = { program, root, scratch: join(scratch, `start-${kind.name}`), logFile: undefined };
  const server = RunningServer.spawn(kind, place);
  try {
    while (!(await asksOnce(server.port, "/1k/0.txt"))) {
      if (performance.now() - startMs > LIMIT_MS) throw new Error(`${kind.name} does not answer`);
      await Bun.sleep(0.5);
    }
    return { totalMs: performance.now() - startMs };
  } finally {
    await server.stop();
  }
}
