import { describe, expect, test } from "bun:test";
import { isHtmlListing, readHtmlListing, scanHrefs } from "../../src/client/html-listing.ts";
import { parseRemoteUrl } from "../../src/client/origin.ts";

const url = parseRemoteUrl("http://example.org/files/");

function names(html: string): string[] {
  return readHtmlListing(html, url).links.map(({ name, kind }) => (kind === "folder" ? `${name}/` : name));
}

const NGINX = `<html>
<head><title>Index of /files/</title></head>
<body>
<h1>Index of /files/</h1><hr><pre><a href="../">../</a>
<a href="sub/">sub/</a>                                               21-Nov-2026 05:04                   -
<a href="a%20b%26c%3Cd%3E%27%22%231.txt">a b&amp;c&lt;d&gt;'&quot;#1.txt</a>          21-Nov-2026 05:04                   3
<a href="semi%3Bamp%2Bplus%2541.txt">semi;amp+plus%41.txt</a>                21-Nov-2026 05:04                   0
<a href="%C3%BC.txt">ü.txt</a>                                             21-Nov-2026 05:04                   2
</pre><hr></body>
</html>
`;

const APACHE_PLAIN = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html>
 <head>
  <title>Index of /files</title>
 </head>
 <body>
<h1>Index of /files</h1>
<ul><li><a href="/"> Parent Directory</a></li>
<li><a href="a%20b&amp;c.txt"> a b&amp;c.txt</a></li>
<li><a href="sub/"> sub/</a></li>
</ul>
<address>Apache/2.4.62 (Debian) Server at example.org Port 80</address>
</body></html>
`;

const APACHE_FANCY = `<title>Index of /files</title><h1>Index of /files</h1>
<pre><img src="/icons/blank.gif" alt="Icon "> <a href="?C=N;O=D">Name</a>                    <a href="?C=M;O=A">Last modified</a>      <a href="?C=S;O=A">Size</a>  <a href="?C=D;O=A">Description</a><hr><img src="/icons/back.gif" alt="[PARENTDIR]"> <a href="/">Parent Directory</a>                             -   
<img src="/icons/text.gif" alt="[TXT]"> <a href="a%20b&amp;c.txt">a b&amp;c.txt</a>               2026-01-02 03:04   12   
<img src="/icons/folder.gif" alt="[DIR]"> <a href="sub/">sub/</a>                    2026-01-02 03:04    -   
<hr></pre>
`;

const APACHE_TABLE = `<title>Index of /files</title>
  <table>
   <tr><th valign="top"><img src="/icons/blank.gif" alt="[ICO]"></th><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th><th><a href="?C=S;O=A">Size</a></th><th><a href="?C=D;O=A">Description</a></th></tr>
   <tr><th colspan="5"><hr></th></tr>
<tr><td valign="top"><img src="/icons/back.gif" alt="[PARENTDIR]"></td><td><a href="/">Parent Directory</a></td><td>&nbsp;</td><td align="right">  - </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/text.gif" alt="[TXT]"></td><td><a href="a%20b&amp;c.txt">a b&amp;c.txt</a></td><td align="right">2026-01-02 03:04  </td><td align="right"> 12 </td><td>&nbsp;</td></tr>
<tr><td valign="top"><img src="/icons/folder.gif" alt="[DIR]"></td><td><a href="sub/">sub/</a></td><td align="right">2026-01-02 03:04  </td><td align="right">  - </td><td>&nbsp;</td></tr>
</table>
`;

const PYTHON = `<!DOCTYPE HTML>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Directory listing for /files/</title>
</head>
<body>
<h1>Directory listing for /files/</h1>
<hr>
<ul>
<li><a href=".dot">.dot</a></li>
<li><a href="a%20b%26c%3Cd%3E%27%22%231.txt">a b&amp;c&lt;d&gt;'"#1.txt</a></li>
<li><a href="link.txt">link.txt@</a></li>
<li><a href="sub/">sub/</a></li>
</ul>
</body>
</html>
`;

const CADDY = `<!DOCTYPE html><html><head><title>files</title><style>h1 a:first-child { margin: 0 }</style></head><body>
<h1><a href="../">/</a><a href="">files</a>/</h1>
<div id="summary"></div><div class="listing"><table aria-describedby="summary">
<tr><th><a href="?sort=namedirfirst&order=desc"
   class="icon"><svg width="1em"><use xlink:href="#up-arrow"></use></svg></a>
<a
   href="?sort=name&order=asc">Name</a></th></tr>
<tr><td><a href=".."><span class="goup">Go up</span></a></td></tr>
<tr class="file"><td><a href="./a%20b&amp;c%3Cd%3E.txt"><svg></svg><span class="name">a b&amp;c</span></a></td></tr>
<tr class="file"><td><a href="./ab:c.txt"><span class="name">ab:c.txt</span></a></td></tr>
<tr class="file"><td><a href="./sub/"><span class="name">sub</span></a></td></tr></table></div>
<footer>Served with <a rel="noopener noreferrer" href="https://caddyserver.com">Caddy</a></footer>
<script>var x = '<a href="script.txt">';</script></body></html>`;

describe("readHtmlListing(): pages as servers write them", () => {
  test.each<[string, string, string[]]>([
    ["nginx", NGINX, ["sub/", `a b&c<d>'"#1.txt`, "semi;amp+plus%41.txt", "ü.txt"]],
    ["Apache, plain", APACHE_PLAIN, ["a b&c.txt", "sub/"]],
    ["Apache, fancy", APACHE_FANCY, ["a b&c.txt", "sub/"]],
    ["Apache, table", APACHE_TABLE, ["a b&c.txt", "sub/"]],
    ["Python", PYTHON, [".dot", `a b&c<d>'"#1.txt`, "link.txt", "sub/"]],
    ["Caddy", CADDY, ["a b&c<d>.txt", "ab:c.txt", "sub/"]],
  ])("%s", (_name, html, expected) => {
    expect(isHtmlListing(html)).toBe(true);
    expect(names(html)).toEqual(expected);
    expect(readHtmlListing(html, url).unusable).toEqual([]);
  });

  test.each([
    ["a page that somebody wrote", '<title>My files</title><a href="a.txt">a</a>'],
    ["one that speaks of an index", '<title>The Index of Prohibited Books</title><a href="a.txt">a</a>'],
    ["nothing", ""],
  ])("%s is no listing", (_name, html) => {
    expect(isHtmlListing(html)).toBe(false);
  });
});

const link = (href: string) => `<a href="${href}">x</a>`;

describe("readHtmlListing(): only what is right below the folder", () => {
  test.each([
    ["its parent", "../"],
    ["a sibling", "../other/"],
    ["the root", "/"],
    ["a path beside it", "/file"],
    ["a path that begins like it", "/files2/a.txt"],
    ["itself", "/files/"],
    ["itself by a dot", "./"],
    ["nothing", ""],
    ["another order", "?C=N;O=D"],
    ["another order of itself", "/files/?C=N;O=D"],
    ["a query", "a.txt?download"],
    ["a place on the page", "#top"],
    ["another host", "http://evil.example/files/a.txt"],
    ["another port", "http://example.org:81/files/a.txt"],
    ["another host without its scheme", "//evil.example/files/a.txt"],
    ["another scheme", "https://example.org/files/a.txt"],
    ["a script", "javascript:alert(1)"],
    ["data", "data:text/plain,a"],
    ["mail", "mailto:a@example.org"],
    ["CVE-2014-4877: out by dots", "../../etc/passwd"],
    ["CVE-2014-4877: out behind a name", "sub/../../etc/passwd"],
    ["CVE-2014-4877: out by encoded dots", "%2e%2e/%2E%2E/etc/passwd"],
    ["something deeper down", "sub/a.txt"],
    ["something deeper down with an empty name", "sub//a.txt"],
  ])("passes over %s: %s", (_name, href) => {
    expect(readHtmlListing(link(href), url)).toEqual({ links: [], unusable: [] });
  });

  test.each([
    ["its absolute path", "/files/a.txt"],
    ["its whole URL", "http://example.org/files/a.txt"],
    ["its URL with the port", "HTTP://EXAMPLE.ORG:80/files/a.txt"],
    ["dots that cancel out", "sub/../a.txt"],
    ["a dot", "./a.txt"],
  ])("takes %s: %s", (_name, href) => {
    expect(names(link(href))).toEqual(["a.txt"]);
  });

  test.each([
    ["CVE-2014-4877: dots and slashes in one name", "..%2f..%2fetc%2fpasswd"],
    ["CVE-2014-4877: an absolute path in one name", "%2fetc%2fpasswd"],
    ["zip-slip: backslashes", "..%5c..%5cboot.ini"],
    ["zip-slip: a bare backslash", "a\\b"],
    ["a drive", "./C:%5cx"],
    ["NUL", "a%00.txt"],
    ["octets that are no UTF-8", "%ff.txt"],
  ])("tells of a name that is none, and does not take it: %s", (_name, href) => {
    expect(readHtmlListing(link(href), url)).toEqual({ links: [], unusable: [href] });
  });

  test("takes a percent sign alone for itself", () => {
    expect(names(link("100%.txt"))).toEqual(["100%.txt"]);
  });

  test("decodes once: %252e%252e is a name", () => {
    expect(names(link("%252e%252e"))).toEqual(["%2e%2e"]);
  });

  test("takes a name once, the first time", () => {
    expect(names(link("a") + link("a/") + link("./a"))).toEqual(["a"]);
  });

  test("reads links against the path without its query", () => {
    const asked = parseRemoteUrl("http://example.org/files/?sort=name");
    expect(readHtmlListing(link("a.txt"), asked).links).toEqual([{ name: "a.txt", kind: "file" }]);
  });
});

describe("scanHrefs() (HTML §13.2.5)", () => {
  test.each<[string, string[]]>([
    [`<a href="x">`, ["x"]],
    [`<a href='x'>`, ["x"]],
    [`<a href=x>`, ["x"]],
    [`<A HREF=x class=y>`, ["x"]],
    [`<a\n  title="href='no'"\n  href = "x" >`, ["x"]],
    [`<a href="x" href="y">`, ["x"]],
    [`<a/href="x"/>`, ["x"]],
    [`<a href>`, [""]],
    [`<a>`, []],
    [`<abbr href="x">`, []],
    [`<link href="x"><area href="y">`, []],
    [`<!-- <a href="x"> --><a href="y">`, ["y"]],
    [`<!-- <a href="x">`, []],
    [`<!DOCTYPE html "<a href='x'>"><a href="y">`, ["y"]],
    [`<script>"<a href='x'>"</script><a href="y">`, ["y"]],
    [`<SCRIPT><a href="x"></SCRIPT ><a href="y">`, ["y"]],
    [`<title><a href="x"></title><a href="y">`, ["y"]],
    [`<title>${"İ".repeat(20)}</title><a href="y"><a href="z">`, ["y", "z"]],
    [`<style>${"İ".repeat(20)}</style ><a href="y">`, ["y"]],
    [`<style><a href="x">`, []],
    [`<img alt="<a href='x'>"><a href="y">`, ["y"]],
    [`</a href="x"><a href="y">`, ["y"]],
    [`1 < 2 <a href="x">`, ["x"]],
    [`<a href="x`, []],
    [`<a href="a&amp;b&#38;c&#x26;d&lt;&gt;&quot;&apos;">`, [`a&b&c&d<>"'`]],
    [`<a href="a&ampb&nbsp;&#xd800;&#1114112;">`, ["a&ampb&nbsp;&#xd800;&#1114112;"]],
    [`<a href="&amp;amp;">`, ["&amp;"]],
  ])("%s", (html, expected) => {
    expect(scanHrefs(html)).toEqual(expected);
  });

  test.each([
    ["open tags", "<a "],
    ["open quotes", `<a href="`],
    ["single quotes", `<a x='`],
    ["comments", "<!--"],
    ["scripts", "<script>"],
    ["ended scripts", "<script></script>"],
    ["spaces", "<a x                "],
    ["equals signs", "<a =="],
    ["ended tags", "<a x>"],
    ["ended quotes", `<a x="<a y='`],
    ["lone brackets", "<"],
  ])("takes time in proportion to the length: %s", (_name, piece) => {
    const measure = (count: number): number => {
      const html = piece.repeat(count);
      const startMs = performance.now();
      scanHrefs(html);
      return performance.now() - startMs;
    };
    measure(1000);
    // 100 times as much would take 10,000 times as long if it were quadratic: minutes.
    expect(measure(100_000)).toBeLessThan(3000);
  });
});
