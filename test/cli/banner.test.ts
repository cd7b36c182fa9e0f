import { describe, expect, test } from "bun:test";
import picocolors from "picocolors";

import { describeReach, formatServing, formatTryNext, programName } from "../../src/cli/banner.ts";
import type { BannerFacts, Interfaces } from "../../src/cli/banner.ts";
import type { ServePlan } from "../../src/cli/serve-plan.ts";
import { DEFAULT_SERVER_LIMITS } from "../../src/server/limits.ts";
import { DEFAULT_POLICY } from "../../src/site/policy.ts";

const plain = picocolors.createColors(false);

const INTERFACES = {
  lo: [
    { address: "127.0.0.1", family: "IPv4", internal: true },
    { address: "::1", family: "IPv6", internal: true },
  ],
  eth0: [
    { address: "192.0.2.7", family: "IPv4", internal: false },
    { address: "2001:db8::7", family: "IPv6", internal: false },
    { address: "fe80::7", family: "IPv6", internal: false },
  ],
} as unknown as Interfaces;

const PLAN: ServePlan = {
  workers: 1,
  folder: "/srv/photos",
  host: "127.0.0.1",
  port: 8080,
  policy: DEFAULT_POLICY,
  limits: DEFAULT_SERVER_LIMITS,
  idleExitMs: undefined,
  accessLog: undefined,
  detail: "normal",
};

function facts(plan: Partial<ServePlan> = {}, sample?: string, unserved: string[] = []): BannerFacts {
  const reach = describeReach("127.0.0.1", 8080, () => INTERFACES);
  return {
    program: "netfile",
    plan: { ...PLAN, ...plan },
    host: "127.0.0.1",
    port: 8080,
    reach,
    sample,
    unserved,
  };
}

describe("describeReach()", () => {
  test.each<[string, string[], string[], string]>([
    ["127.0.0.1", ["http://127.0.0.1:80/"], [], "this machine only"],
    ["::1", ["http://[::1]:80/"], [], "this machine only"],
    ["localhost", ["http://localhost:80/"], [], "this machine only"],
    ["0.0.0.0", ["http://127.0.0.1:80/"], ["http://192.0.2.7:80/"], "every device on your networks"],
    [
      "::",
      ["http://127.0.0.1:80/", "http://[::1]:80/"],
      ["http://192.0.2.7:80/", "http://[2001:db8::7]:80/"],
      "every device on your networks",
    ],
    ["192.0.2.7", [], ["http://192.0.2.7:80/"], "every device that can reach 192.0.2.7"],
  ])("of %p", (host, local, remote, who) => {
    const reach = describeReach(host, 80, () => INTERFACES);
    expect(reach).toMatchObject({ local, remote });
    expect(reach.who).toStartWith(who);
  });
});

describe("formatServing()", () => {
  test("says where, for whom, and what", () => {
    expect(formatServing(facts(), plain)).toEqual([
      "Serving /srv/photos on",
      "  http://127.0.0.1:8080/",
      "",
      "For      this machine only (--lan opens it to your network)",
      "Types    txt, jpg, jpeg, png, html, htm (--allow adds more)",
      "Uploads  off (--upload turns them on)",
    ]);
  });

  test("says what was asked for besides", () => {
    const plan = {
      policy: { ...DEFAULT_POLICY, allow: "all", upload: { maxBytes: 1024 ** 3, onExist: "rename" } },
      idleExitMs: 60_000,
      accessLog: { path: "/var/log/a.log", format: "json" },
    } as const;
    expect(formatServing(facts(plan), plain).slice(4)).toEqual([
      "Types    every type",
      "Uploads  on, up to 1 GiB at a time; an existing name gets a number",
      "Log      /var/log/a.log (json)",
      "Ends     after 1 min without a request",
    ]);
  });

  test("names added types, and warns of uploads from other machines", () => {
    const policy = {
      ...DEFAULT_POLICY,
      allow: new Set([...(DEFAULT_POLICY.allow as Set<string>), "pdf"]),
      upload: { maxBytes: 500, onExist: "refuse" },
    } as const;
    const text = formatServing(facts({ policy, host: { kind: "lan" } }), plain).join("\n");
    expect(text).toContain("html, htm, pdf (--allow adds more)");
    expect(text).toContain("whoever reaches it can save files");
  });

  test("says how to serve what else is there", () => {
    const text = formatServing(facts({}, undefined, ["pdf", "md"]), plain).join("\n");
    expect(text).toContain("html, htm (not what else is here: --allow pdf,md)");
  });

  test("makes the folder's name harmless", () => {
    expect(formatServing(facts({ folder: "/a\u001b[2J" }), plain)[0]).toBe("Serving /a\\x1b[2J on");
  });
});

describe("programName()", () => {
  test.each([
    ["netfile", "netfile"],
    ["./netfile", "./netfile"],
    ["/opt/netfile-1.0/netfile", "/opt/netfile-1.0/netfile"],
    ["./a folder/netfile", '"./a folder/netfile"'],
    ["./\u001b[2J", '"./\\x1b[2J"'],
    ["/usr/bin/bun", "netfile"],
    ["", "netfile"],
  ])("of %j is %j", (calledBy, program) => {
    expect(programName(calledBy)).toBe(program);
  });
});

describe("formatTryNext()", () => {
  test("calls netfile as it was called itself", () => {
    const lines = formatTryNext({ ...facts(), program: "./netfile" }, plain);
    expect(lines).toContain("  ./netfile get 127.0.0.1 8080");
    expect(lines).toContain("  ./netfile shell 127.0.0.1 8080");
  });

  test("shows commands that work", () => {
    expect(formatTryNext(facts({}, "photo.jpg"), plain)).toEqual([
      "Try next",
      "  netfile get 127.0.0.1 8080 photo.jpg",
      "  netfile shell 127.0.0.1 8080",
      "  open http://127.0.0.1:8080/ in a browser",
      "Ctrl-C ends the server.",
    ]);
  });

  test("names this machine where every address is listened on, and put where it is allowed", () => {
    const policy = { ...DEFAULT_POLICY, upload: { maxBytes: 1, onExist: "refuse" } } as const;
    const lines = formatTryNext({ ...facts({ policy }), host: "::" }, plain);
    expect(lines).toContain("  netfile get 127.0.0.1 8080");
    expect(lines).toContain("  netfile put 127.0.0.1 8080 FILE");
  });
});
