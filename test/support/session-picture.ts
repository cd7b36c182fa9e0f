/**
 * Draws assets/session.svg, the picture of the README, from a real session: `bun run docs`. A server and a client run on terminals
 * of their own (script(1)), and what they print, colours and all, is set as text.
 */
import { cpSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cleanEnvironment, netfileBinary } from "./netfile-binary.ts";
import { ScratchFolder } from "./scratch-folder.ts";
import { PROJECT_ROOT } from "./source-files.ts";

const COLUMN_PX = 8.4;
const LINE_PX = 19;
const PADDING_PX = 18;
const TITLE_PX = 30;
const GAP_PX = 14;
const COLUMNS = 104;

const COLORS: Readonly<Record<number, string>> = {
  31: "#f47067",
  32: "#8ddb8c",
  33: "#f69d50",
  34: "#6cb6ff",
  35: "#dcbdfb",
  36: "#76e3ea",
  90: "#768390",
};

type Span = { readonly text: string; readonly style: string };

/** Cuts a line with SGR sequences (ECMA-48 §8.3.117) into pieces of one style. */
function styleSpans(line: string): readonly Span[] {
  let [color, isBold, isDim] = ["", false, false];
  return line.split(/(\u001b\[[\d;]*m)/).flatMap((part) => {
    const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1]?.split(";").map(Number);
    if (codes === undefined) {
      const styles = [color && `fill:${color}`, isBold && "font-weight:bold", isDim && "opacity:.65"];
      return part === "" ? [] : [{ text: part, style: styles.filter((style) => style).join(";") }];
    }
    for (const code of codes) {
      if (code === 0) [color, isBold, isDim] = ["", false, false];
      else if (code === 1) isBold = true;
      else if (code === 2) isDim = true;
      else if (code === 22) [isBold, isDim] = [false, false];
      else color = COLORS[code] ?? "";
    }
    return [];
  });
}

function drawLine(line: string, y: number): string {
  const spans = styleSpans(line).map(({ text, style }) => {
    const attribute = style === "" ? "" : ` style="${style}"`;
    return `<tspan${attribute}>${Bun.escapeHTML(text)}</tspan>`;
  });
  return `<text x="${PADDING_PX}" y="${y}" xml:space="preserve">${spans.join("")}</text>`;
}

/** One terminal window: a title bar and lines. */
function drawWindow(
  title: string,
  lines: readonly string[],
  top: number,
): { readonly svg: string; readonly height: number } {
  const height = TITLE_PX + lines.length * LINE_PX + 2 * PADDING_PX - 6;
  const width = COLUMNS * COLUMN_PX + 2 * PADDING_PX;
  const buttons = ["#f47067", "#e0b050", "#7bc77b"].map((fill, index) => {
    return `<circle cx="${20 + index * 18}" cy="${TITLE_PX / 2 + 2}" r="5.5" fill="${fill}"/>`;
  });
  const body = lines.map((line, index) => drawLine(line, TITLE_PX + PADDING_PX + 8 + index * LINE_PX));
  return {
    height,
    svg: `<g transform="translate(0 ${top})"><rect width="${width}" height="${height}" rx="10" fill="#1c2128"/>${buttons.join("")}
<text x="${width / 2}" y="${TITLE_PX / 2 + 6}" text-anchor="middle" fill="#768390" font-size="12">${Bun.escapeHTML(title)}</text>
${body.join("\n")}</g>`,
  };
}

/** Runs a command on a terminal of its own; the text is complete when it has ended. */
async function runOnTerminal(command: string, cwd: string) {
  const PATH = `${dirname(await netfileBinary())}:${process.env["PATH"] ?? ""}`;
  const child = Bun.spawn(["script", "-qefc", `stty cols ${COLUMNS} rows 40; exec ${command}`, "/dev/null"], {
    cwd,
    env: { ...cleanEnvironment(cwd), PATH, TERM: "xterm-256color" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  return { child, text: child.stdout.text() };
}

/** The lines that stay on a terminal: a line that is drawn again replaces itself. */
function visibleLines(text: string): readonly string[] {
  const lines = text.replaceAll("\r\n", "\n").trimEnd().split("\n");
  return lines.map((line) =>
    (line.split("\r").at(-1) ?? "").replace(/\u001b\[(?![\d;]*m)[?\d;]*[A-Za-z]/g, ""),
  );
}

async function main(): Promise<void> {
  using samples = new ScratchFolder();
  using home = new ScratchFolder();
  cpSync(join(PROJECT_ROOT, "assets/sample"), samples.folder("samples"), { recursive: true });
  const server = await runOnTerminal(
    "timeout --foreground --signal=INT 3 netfile serve 8080 samples",
    samples.path,
  );
  const wait = `for _ in $(seq 200); do (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null && exit; sleep 0.02; done; exit 1`;
  if ((await Bun.spawn(["bash", "-c", wait]).exited) !== 0)
    throw new Error("The server does not come up on port 8080");
  const client = await runOnTerminal("netfile get 127.0.0.1 8080 photo.jpg", home.path);
  await client.child.exited;
  await (await fetch("http://127.0.0.1:8080/hello.txt")).text();
  await fetch("http://127.0.0.1:8080/missing.txt");
  await server.child.exited;
  writeFileSync(
    join(PROJECT_ROOT, "assets/session.svg"),
    draw(await server.text, await client.text, samples.path),
  );
}

/** Shows another folder than the temporary one; what stands behind it, the border of a box, stays where it is. */
function renameFolder(line: string, folder: string): string {
  const shown = line.replace(folder, "/home/me");
  return shown.replace(/ (?=\S*$)/, (space) => space.padEnd(1 + line.length - shown.length));
}

function draw(serverText: string, clientText: string, folder: string): string {
  // The first connection is this script's own, which looked whether the server is there.
  const serverLines = visibleLines(serverText)
    .map((line) => renameFolder(line, folder))
    .filter((line) => !/#1 127|^Ended/.test(line))
    .map((line) => line.replace(/#(\d+) 127/, (_, id) => `#${Number(id) - 1} 127`));
  const server = drawWindow("one terminal", ["$ netfile serve 8080 samples", ...serverLines], 0);
  const client = drawWindow(
    "another terminal",
    ["$ netfile get 127.0.0.1 8080 photo.jpg", ...visibleLines(clientText)],
    server.height + GAP_PX,
  );
  const width = COLUMNS * COLUMN_PX + 2 * PADDING_PX;
  const height = server.height + GAP_PX + client.height;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#cdd9e5">
${server.svg}
${client.svg}
</svg>
`;
}

if (import.meta.main) await main();
