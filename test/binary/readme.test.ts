/**
 * The README, executed. Every `##` section is tried by itself, just as it is written, in a network of its own, with `netfile` on
 * the path: the server in a fresh folder with the samples, the client in another one. What stands behind the three backticks
 * says what a block is:
 *
 * - `sh`: commands that end with exit code 0. `sh server`: a server that runs from there to the section's end, or to the next one.
 * - `text`: what the commands before have printed; `…` stands for anything within a line, alone on a line for any lines.
 * - `text server`: some of what the server has printed; `text saved NAME`: what its file NAME holds at the end.
 * - `text file NAME`: the client's file NAME, there from the section's beginning.
 * - `text netfile … --help`: what that command prints.
 * - `sh install`: how to get started, which CI does on a machine that has nothing; no language: a drawing.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { netfileBinary, runNetfile, runProgram } from "../support/netfile-binary.ts";
import { hasPrivateNetwork, hasProgram, inPrivateNetwork } from "../support/program.ts";
import { ScratchFolder } from "../support/scratch-folder.ts";
import { PROJECT_ROOT, readSourceFiles } from "../support/source-files.ts";
import { PHOTO } from "../support/test-site.ts";

setDefaultTimeout(60_000);

type Block = { readonly info: string; readonly text: string };
type Section = { readonly title: string; readonly blocks: readonly Block[] };

const readme = readFileSync(join(PROJECT_ROOT, "README.md"), "utf8");
const sections: readonly Section[] = readme.split(/^## /m).map((part) => ({
  title: part.split("\n", 1)[0] ?? "",
  blocks: [...part.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(([, info = "", text = ""]) => ({ info, text })),
}));

const KINDS =
  /^(|sh|sh server|sh install|text|text server|text (file|saved) \S+|text netfile( \w+)? --help)$/;
const recipes = sections.filter(({ blocks }) =>
  blocks.some(({ info }) => info === "sh" || info === "sh server"),
);
const helps = sections.flatMap(({ blocks }) => blocks).filter(({ info }) => info.endsWith(" --help"));

/** The shell script of a section: each block prints into a file of its own, and the first failure is the script's. */
function scriptOf(blocks: readonly Block[]): string {
  const steps = blocks.flatMap(({ info, text }, index) => {
    if (info === "sh")
      return [
        `bash -euo pipefail -c ${quote(text)} >../out/${index} 2>&1 || { cat ../out/${index}; exit 1; }`,
      ];
    if (info !== "sh server") return [];
    return [
      "stop",
      `(cd ../server && exec bash -c ${quote(`exec ${text}`)}) >../out/${index} 2>&1 & server=$!`,
      `ready ../out/${index}`,
    ];
  });
  return `server=
stop() { [ -z "$server" ] || { kill $server; wait $server; server=; }; }
ready() { for _ in $(seq 500); do grep -qs http:// $1 && return; sleep 0.02; done; cat $1; exit 99; }
trap stop EXIT
${steps.join("\n")}`;
}

function quote(text: string): string {
  return `'${text.trimEnd().replaceAll("'", String.raw`'\''`)}'`;
}

/** What the recipes take for granted: the samples at the server, and a few files of the reader's own. */
function makeFolders(blocks: readonly Block[]): ScratchFolder {
  const folder = new ScratchFolder({
    "server/notes.txt": "Some notes.\n",
    "server/report.pdf": "%PDF-1.4\n",
    "server/key.pem": "secret\n",
    "server/sub/inner.txt": "inside\n",
    "server/album/photo.jpg": PHOTO,
    "server/site/index.html": "<!doctype html><title>An application</title>\n",
    "client/notes.txt": "My notes.\n",
    "client/letter.txt": "A letter.\n",
    "client/cat.jpg": PHOTO,
    "client/client/b.txt": "b\n",
  });
  folder.folder("out");
  folder.folder("client/pictures");
  cpSync(join(PROJECT_ROOT, "assets/sample"), folder.at("server"), { recursive: true });
  for (const { info, text } of blocks) {
    const name = /^text file (\S+)$/.exec(info)?.[1];
    if (name !== undefined) folder.write(`client/${name}`, text);
  }
  return folder;
}

/** `…` within a line is anything in it, alone on a line any lines. */
function patternOf(text: string, isWhole: boolean): RegExp {
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => {
      if (line.trim() === "…") return "(?:.*\\n)*?";
      return `${line
        .trimEnd()
        .split("…")
        .map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
        .join(".*")}\\n`;
    });
  return new RegExp(`${isWhole ? "^" : "(?:^|\\n)"}${lines.join("")}${isWhole ? "$" : ""}`);
}

/** What the block at `index` describes, as it came about; `undefined` for blocks of other kinds. */
function readPrinted(folder: ScratchFolder, blocks: readonly Block[], index: number): string | undefined {
  const info = blocks[index]?.info ?? "";
  const saved = /^text saved (\S+)$/.exec(info)?.[1];
  if (saved !== undefined) return folder.text(`server/${saved}`);
  const source = new Map([
    ["text", "sh"],
    ["text server", "sh server"],
  ]).get(info);
  if (source === undefined) return undefined;
  return folder.text(`out/${blocks.findLastIndex((block, at) => at < index && block.info === source)}`);
}

describe("README.md", () => {
  test("has no block of a kind that is not tried", () => {
    const kinds = sections.flatMap(({ blocks }) => blocks.map(({ info }) => info));
    expect(kinds.filter((info) => !KINDS.test(info))).toEqual([]);
    expect(kinds.length).toBeGreaterThan(30);
    expect(readme.split("```").length % 2).toBe(1);
  });

  test.each(helps.map(({ info, text }) => [info.replace(/^text /, ""), text] as const))(
    "shows %s as it is",
    async (command, text) => {
      using folder = new ScratchFolder();
      const { code, stdout } = await runNetfile(command.split(" ").slice(1), { cwd: folder.path });
      expect(code).toBe(0);
      expect(text).toBe(stdout);
    },
  );

  test
    .skipIf(!hasPrivateNetwork() || !hasProgram("curl"))
    .each(recipes.map(({ title, blocks }) => [title, blocks] as const))("%s", async (_, blocks) => {
    using folder = makeFolders(blocks);
    const PATH = `${dirname(await netfileBinary())}:${process.env["PATH"] ?? ""}`;
    const command = inPrivateNetwork(["bash", "-c", scriptOf(blocks)]);
    const ran = await runProgram(command, { cwd: folder.at("client"), env: { PATH } });
    expect({ ...ran, code: ran.code }).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    for (const [index, block] of blocks.entries()) {
      const isWhole = block.info !== "text server";
      const printed = readPrinted(folder, blocks, index);
      if (printed !== undefined)
        expect(printed.replaceAll("\r\n", "\n")).toMatch(patternOf(block.text, isWhole));
    }
  });

  test("names files and links that exist", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = ""]) => path);
    expect(links.length).toBeGreaterThan(4);
    for (const path of links) expect(readFileSync(join(PROJECT_ROOT, path)).length).toBeGreaterThan(0);
  });

  test("lists the exit codes of the help, and no others but SIGTERM's", () => {
    const section = sections.find(({ title }) => title === "Exit codes");
    expect(section).toBeDefined();
    const table = readme.slice(readme.indexOf("## Exit codes"), readme.indexOf("## Limits"));
    const codes = [...table.matchAll(/^\| (\d+)/gm)].map(([, code]) => code);
    expect(codes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "130"]);
  });

  test("has a line for each deviation that the code marks", () => {
    const marks = readSourceFiles("src").flatMap(({ text }) => [...text.matchAll(/\bDeviation: /g)]);
    const [, list = ""] = /^Deviations from RFCs.*\n\n([^]*?)\n\n/m.exec(readme) ?? [];
    expect(list.match(/^- /gm)).toHaveLength(marks.length);
  });
});
