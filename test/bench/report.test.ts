import { describe, expect, test } from "bun:test";
import { drawChart } from "./chart.ts";
import { parseVersion } from "./machine.ts";
import { formatReport, formatTable } from "./report.ts";
import { formatNumber, median, metric, ratioOf, rotate, Samples } from "./results.ts";
import type { RowResult } from "./results.ts";

const ROW: RowResult = {
  name: "1k",
  title: "1 KiB & <more>",
  reference: "nginx",
  metrics: [metric("cpuUs", "CPU per request", "µs"), metric("rate", "requests/s", "")],
  results: [
    { subject: "netfile", values: { cpuUs: 8, rate: 60_000 } },
    { subject: "nginx", values: { cpuUs: 16, rate: 50_000 } },
    { subject: "caddy", values: { rate: 9 } },
  ],
};

describe("median()", () => {
  test.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 2, 3], 2.5],
    [[], NaN],
  ])("of %p is %p", (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe("Samples", () => {
  test("gives medians for each subject, in the order of their coming", () => {
    const samples = new Samples();
    for (const value of [5, 1, 3]) samples.add("b", { value });
    samples.add("a", { value: 7, other: 1 });
    expect(samples.medians()).toEqual([
      { subject: "b", values: { value: 3 } },
      { subject: "a", values: { value: 7, other: 1 } },
    ]);
  });
});

describe("ratioOf()", () => {
  test("compares by the first metric", () => {
    expect(ratioOf(ROW, "netfile")).toBe(0.5);
  });

  test.each(["caddy", "nobody"])("is unknown for %s", (subject) => {
    expect(ratioOf(ROW, subject)).toBeUndefined();
  });

  test("is unknown where the reference took no time that can be measured", () => {
    const results = [
      { subject: "a", values: { cpuUs: 1 } },
      { subject: "nginx", values: { cpuUs: 0 } },
    ];
    expect(ratioOf({ ...ROW, results }, "a")).toBeUndefined();
  });
});

describe("rotate()", () => {
  test.each([
    [0, "abc"],
    [1, "bca"],
    [5, "cab"],
  ])("begins at %d", (by, expected) => {
    expect(rotate(["a", "b", "c"], by).join("")).toBe(expected);
  });
});

describe("formatNumber()", () => {
  test.each([
    [0, "0"],
    [0.0123, "0.0123"],
    [0.5, "0.500"],
    [12.345, "12.3"],
    [123_456, "123456"],
    [NaN, "–"],
  ])("%p → %s", (value, expected) => {
    expect(formatNumber(value)).toBe(expected);
  });
});

describe("formatTable()", () => {
  test("lines columns up", () => {
    expect(formatTable(["name", "n"], [["a", "1"]])).toEqual([
      "| name |   n |",
      "| ---- | --: |",
      "| a    |   1 |",
    ]);
  });
});

describe("formatReport()", () => {
  const report = formatReport({
    machine: { cpu: "A CPU", cores: 2, memoryGib: 4, system: "Linux 6.1", date: "2026-01-31" },
    manner: "3 rounds",
    servers: [{ name: "nginx", version: "1.2.3", note: "as it comes" }],
    rows: [ROW],
    chart: "results.svg",
  });

  test("tells the machine, the servers, ratios and figures", () => {
    expect(report).toContain("A CPU, 2 cores, 4 GiB, Linux 6.1; 2026-01-31; 3 rounds.");
    expect(report).toMatch(/\| nginx +\| +1\.2\.3 \|/);
    expect(report).toMatch(/\| netfile +\| +0\.50 \| +8\.00 µs \| +60000 \|/);
  });

  test("names no path", () => {
    expect(report).not.toMatch(/\/(tmp|home|root|work|usr)\//);
  });
});

describe("drawChart()", () => {
  const chart = drawChart([ROW]);

  test("escapes text", () => {
    expect(chart).toContain("1 KiB &amp; &lt;more&gt;");
    expect(chart).not.toContain("<more>");
  });

  test("draws a bar for each subject whose ratio is known", () => {
    expect(chart.match(/<rect /g)).toHaveLength(2);
    expect(chart).toContain(">0.50 netfile<");
  });
});

describe("parseVersion()", () => {
  test.each([
    ["nginx version: nginx/1.22.1\n", "1.22.1"],
    ["lighttpd/1.4.69 (ssl) - a light and fast webserver", "1.4.69"],
    ["Python 3.11.7", "3.11.7"],
    ["no idea", "unknown"],
  ])("%p → %s", (text, expected) => {
    expect(parseVersion(text)).toBe(expected);
  });
});
