import { describe, expect, test } from "bun:test";
import { embeddedHtml, fillTemplate, markup, joinHtml, splitTemplate } from "../../src/site/safe-html.ts";

describe("markup``", () => {
  test.each([
    ["<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"],
    [`" onmouseover="x`, "&quot; onmouseover=&quot;x"],
    ["' onmouseover='x", "&#39; onmouseover=&#39;x"],
    ["`x`", "&#96;x&#96;"],
    ["&lt;", "&amp;lt;"],
    ["\u202egnp.exe", "\\u{202e}gnp.exe"],
    ["a\nb\u0000c\u001b[31m", "a\\x0ab\\x00c\\x1b[31m"],
    ["{{rows}}", "{{rows}}"],
    ["żółw 😀", "żółw 😀"],
  ])("escapes %j", (text, escaped) => {
    expect(markup`<p title="${text}">${text}</p>`.text).toBe(`<p title="${escaped}">${escaped}</p>`);
  });

  test("puts markup and numbers in as they are", () => {
    expect(markup`${markup`<b>${"<"}</b>`}${7}`.text).toBe("<b>&lt;</b>7");
    expect(joinHtml([markup`<i>`, markup`</i>`]).text).toBe("<i></i>");
  });
});

describe("fillTemplate()", () => {
  test("fills every place once, leaves unknown ones, and never reads a value as a template", () => {
    const filled = fillTemplate("<a>{{name}}</a>{{later}}{{name}}", { name: "{{later}}<$&>" });
    expect(filled.text).toBe("<a>{{later}}&lt;$&amp;&gt;</a>{{later}}{{later}}&lt;$&amp;&gt;");
    expect(fillTemplate(markup`<b>{{x}}</b>`, { x: embeddedHtml("<i>") }).text).toBe("<b><i></b>");
  });
});

describe("splitTemplate()", () => {
  test("gives what is before and after a place", () => {
    const [before, after] = splitTemplate(markup`<a>{{rows}}</a>`, "rows");
    expect([before.text, after.text]).toEqual(["<a>", "</a>"]);
  });

  test("fails for a place that isn't there", () => {
    expect(() => splitTemplate(markup`<a>`, "rows")).toThrow("no place");
  });
});
