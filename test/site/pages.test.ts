import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { MemoryStore } from "../support/memory-store.ts";
import { get, makeSite } from "../support/requests.ts";

describe("our own pages", () => {
  const site = makeSite(new MemoryStore({ "sub/a.txt": "a" }), {
    upload: { maxBytes: 1_000_000, onExist: "refuse" },
  });

  test.each([
    ["the listing", "/sub/"],
    ["the default page", "/missing"],
    ["an error", "/x.exe"],
  ])("%s loads nothing, runs nothing and leaves no place unfilled", async (_, path) => {
    const { text, fields } = await get(site, path, { Accept: "text/html" });
    expect(text).toStartWith("<!doctype html>");
    expect(text).not.toMatch(/\{\{|<script|javascript:|https?:\/\/(?!www\.w3\.org)| style="| on\w+="/);
    expect(text).toContain("width=device-width");
    expect(text).toContain("prefers-color-scheme: dark");
    const style = /<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(fields.get("content-security-policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    );
    // With no-referrer, browsers would send `Origin: null` with the upload form.
    expect(fields.has("referrer-policy")).toBe(false);
  });

  test("have an icon that is in the page", async () => {
    const { text } = await get(site, "/sub/", { Accept: "text/html" });
    const icon = /<link rel="icon" href="data:image\/svg\+xml;base64,([^"]+)">/.exec(text)?.[1] ?? "";
    expect(Buffer.from(icon, "base64").toString()).toStartWith("<svg");
  });
});
