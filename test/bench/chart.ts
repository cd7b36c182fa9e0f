/**
 * The chart of the report, as SVG: a group of bars for each row, each bar a ratio to the row's reference.
 */
import { ratioOf } from "./results.ts";
import type { RowResult } from "./results.ts";

const WIDTH = 760;
const LABEL_WIDTH = 300;
const BAR_HEIGHT = 12;
const GROUP_GAP = 14;
const TOP = 34;
/** Longer bars are cut, and tell their number. */
const MOST = 3;
const COLORS: Readonly<Record<string, string>> = {
  netfile: "#0a7ea4",
  nginx: "#7a7f87",
  lighttpd: "#a6abb3",
  caddy: "#c9cdd3",
  curl: "#7a7f87",
  wget: "#a6abb3",
  aria2c: "#c9cdd3",
};

type Bar = { readonly subject: string; readonly ratio: number };

/** Draws `rows` for the subjects that have a colour. Text is escaped; the picture takes nothing from elsewhere. */
export function drawChart(rows: readonly RowResult[]): string {
  const groups = rows
    .map((row) => ({ row, bars: barsOf(row) }))
    .filter(({ bars }) => bars.length > 1 && bars.some(({ subject }) => subject === "netfile"));
  let y = TOP;
  const shapes = groups.map(({ row, bars }) => {
    const group = drawGroup(row, bars, y);
    y += bars.length * BAR_HEIGHT + GROUP_GAP;
    return group;
  });
  const one = xOf(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" font-family="system-ui, sans-serif" font-size="11">
<title>Cost relative to nginx and curl; less is better</title>
<style>text { fill: #1f2328 } .quiet { fill: #656d76 } line { stroke: #d1242f } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .quiet { fill: #8d96a0 } }</style>
<text x="0" y="14" font-size="13" font-weight="600">Cost relative to nginx, for the client to curl</text>
<text x="${one}" y="26" text-anchor="middle" class="quiet">1.00</text>
${shapes.join("\n")}
<line x1="${one}" y1="${TOP - 4}" x2="${one}" y2="${y - GROUP_GAP / 2}" stroke-dasharray="3 3"/>
</svg>
`;
}

function barsOf(row: RowResult): readonly Bar[] {
  return row.results.flatMap(({ subject }) => {
    const ratio = ratioOf(row, subject);
    return ratio === undefined || COLORS[subject] === undefined ? [] : [{ subject, ratio }];
  });
}

function drawGroup(row: RowResult, bars: readonly Bar[], top: number): string {
  const middle = top + (bars.length * BAR_HEIGHT) / 2;
  const label = row.title.replaceAll("`", "").split(":")[0] ?? "";
  const unit = row.metrics[0]?.title ?? "";
  const lines = [
    `<text x="${LABEL_WIDTH - 12}" y="${middle}" text-anchor="end">${escapeText(label)}</text>`,
    `<text x="${LABEL_WIDTH - 12}" y="${middle + 12}" text-anchor="end" class="quiet">${escapeText(unit)}</text>`,
  ];
  bars.forEach(({ subject, ratio }, index) => {
    const y = top + index * BAR_HEIGHT;
    const end = xOf(Math.max(0, Math.min(ratio, MOST)));
    lines.push(
      `<rect x="${LABEL_WIDTH}" y="${y}" width="${(end - LABEL_WIDTH).toFixed(1)}" height="${BAR_HEIGHT - 2}" fill="${COLORS[subject] ?? "#999"}"/>`,
      `<text x="${(end + 4).toFixed(1)}" y="${y + BAR_HEIGHT - 3}">${ratio.toFixed(2)} ${escapeText(subject)}</text>`,
    );
  });
  return lines.join("\n");
}

function xOf(ratio: number): number {
  return LABEL_WIDTH + (ratio / MOST) * (WIDTH - LABEL_WIDTH - 100);
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
