/**
 * Programs of a line or two, compiled as netfile is compiled: what the runtime takes by itself.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchContext, Installed } from "./bench-context.ts";
import type { ServerKind } from "./server-kinds.ts";

/** Compiles a program that is `source`. @returns its path. */
export async function compileProgram(
  { scratch }: BenchContext,
  name: string,
  source: string,
): Promise<string> {
  const folder = join(scratch, "programs");
  mkdirSync(folder, { recursive: true });
  const entry = join(folder, `${name}.ts`);
  writeFileSync(entry, source);
  const outfile = join(folder, name);
  await Bun.build({
    entrypoints: [entry],
    target: "bun",
    format: "esm",
    minify: true,
    bytecode: true,
    compile: { outfile },
  });
  return outfile;
}

/** As a server that is measured; it has one answer for everything. */
export function asServer(name: string, program: string): Installed {
  const kind: ServerKind = {
    name,
    programs: [],
    versionWords: [],
    note: "",
    command: ({ port }) => [program, String(port)],
    lacks: ["log", "idle", "listing"],
  };
  return { kind, program };
}

/** What no server on `Bun.listen` can be faster than: it reads nothing, decides nothing, and always writes the same bytes. */
export async function bareListener(
  context: BenchContext,
  answer: { readonly head: string; readonly contentBytes: number; readonly closes: boolean },
): Promise<Installed> {
  const { head, contentBytes, closes } = answer;
  const source = `
    const answer = Buffer.from(${JSON.stringify(`${head}\r\n\r\n`)} + "x".repeat(${contentBytes}));
    const data = (socket) => { socket.write(answer); ${closes ? "socket.end();" : ""} };
    Bun.listen({ hostname: "127.0.0.1", port: Number(process.argv[2]), socket: { data } });`;
  return asServer("Bun.listen alone", await compileProgram(context, "bare-listener", source));
}
