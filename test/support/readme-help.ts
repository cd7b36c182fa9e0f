/**
 * Writes the help of every command into README.md, as the sources have it: `bun run docs`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runNetfile } from "./netfile-binary.ts";
import { ScratchFolder } from "./scratch-folder.ts";
import { PROJECT_ROOT } from "./source-files.ts";

async function main(): Promise<void> {
  using folder = new ScratchFolder();
  const path = join(PROJECT_ROOT, "README.md");
  let text = readFileSync(path, "utf8");
  for (const [block, command = ""] of text.matchAll(/^```text (netfile(?: \w+)? --help)\n[^]*?^```$/gm)) {
    const { stdout } = await runNetfile(command.split(" ").slice(1), { cwd: folder.path });
    text = text.replace(block, () => `\`\`\`text ${command}\n${stdout}\`\`\``);
  }
  writeFileSync(path, text);
}

if (import.meta.main) await main();
