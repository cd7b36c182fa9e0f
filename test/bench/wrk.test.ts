import { describe, expect, test } from "bun:test";
import { formatWrkScript, parseWrkOutput } from "./wrk.ts";
import type { Load } from "./wrk.ts";

const OUTPUT = `Running 1s test @ http://127.0.0.1:8080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.12ms    1.29ms  27.57ms   97.33%
    Req/Sec    62.68k     4.30k   67.07k    72.73%
  Latency Distribution
     50%    0.95ms
     75%    1.14ms
     90%  998.00us
     99%    1.01s 
  68605 requests in 1.10s, 83.17MB read
`;

describe("parseWrkOutput()", () => {
  test("reads counts, times and sizes in their units", () => {
    const result = parseWrkOutput(OUTPUT);
    expect(result).toEqual({
      requests: 68605,
      bytes: 83.17 * 2 ** 20,
      seconds: 1.1,
      p50Us: 950,
      p99Us: 1.01e6,
      failures: 0,
    });
  });

  test("counts refusals and broken connections as failures", () => {
    const more = "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 10\n";
    expect(parseWrkOutput(OUTPUT + more)?.failures).toBe(20);
  });

  test.each([
    ["nothing", ""],
    ["an error", "unable to connect to 127.0.0.1:1 Connection refused\n"],
    ["no latencies", OUTPUT.replace(/Latency Distribution[^]*?68605/, "68605")],
    ["an unknown unit", OUTPUT.replace("83.17MB", "83.17XB")],
  ])("gives nothing for %s", (_, text) => {
    expect(parseWrkOutput(text)).toBeUndefined();
  });
});

describe("formatWrkScript()", () => {
  const load: Load = { folder: "1k", count: 3, connections: 1, seconds: 1, closes: false, tags: [] };

  test("asks for every file", () => {
    const script = formatWrkScript(load);
    expect(script).toContain("for i = 0, 2 do");
    expect(script).toContain('"/1k/" .. i .. ".txt"');
    expect(script).not.toContain("close");
  });

  test("quotes tags, and closes where that is wanted", () => {
    const script = formatWrkScript({ ...load, closes: true, tags: ['"a"', 'W/"b"'] });
    expect(script).toContain('{ "\\"a\\"", "W/\\"b\\"" }');
    expect(script).toContain('headers["Connection"] = "close"');
  });
});
