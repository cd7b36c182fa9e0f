import { describe, expect, test } from "bun:test";

import { UsageError } from "../../src/cli/exit.ts";
import { readGetWords, readPutWords, readServerWords } from "../../src/cli/remote-words.ts";
import { formatRemoteUrl, UrlError } from "../../src/client/origin.ts";

describe("readGetWords()", () => {
  test.each<[string[], string, string | undefined]>([
    [[], "http://127.0.0.1:8080/", undefined],
    [["localhost"], "http://localhost:8080/", undefined],
    [["localhost", "9000"], "http://localhost:9000/", undefined],
    [["127.0.0.1", "8080", "photo.jpg"], "http://127.0.0.1:8080/photo.jpg", undefined],
    [["localhost", "9089", "projeto.pdf", "."], "http://localhost:9089/projeto.pdf", "."],
    [["::1", "80", "/a b#1.txt"], "http://[::1]/a%20b%231.txt", undefined],
    [["http://h:81/a?x=1"], "http://h:81/a?x=1", undefined],
    [["http://h/a", "dest"], "http://h/a", "dest"],
  ])("reads %j (rows 1 to 4)", (words, url, destination) => {
    const found = readGetWords(words);
    expect({ ...found, url: formatRemoteUrl(found.url) }).toEqual({ url, destination });
  });

  test.each<[string[]]>([
    [["localhost", "photo.jpg"]],
    [["localhost", "0"]],
    [["8080"]],
    [["http://h/a", "b", "c"]],
  ])("refuses %j", (words) => {
    expect(() => readGetWords(words)).toThrow(UsageError);
  });

  test.each(["ftp://h/a", "https://h/a", "http:///a"])("refuses the URL %p", (url) => {
    expect(() => readGetWords([url])).toThrow(UrlError);
  });
});

describe("readPutWords()", () => {
  test.each<[string[], string, string]>([
    [["notes.txt"], "notes.txt", "http://127.0.0.1:8080/notes.txt"],
    [["localhost", "notes.txt"], "notes.txt", "http://localhost:8080/notes.txt"],
    [["localhost", "8080", "dir/notes.txt"], "dir/notes.txt", "http://localhost:8080/notes.txt"],
    [["localhost", "8080", "notes.txt", "b.txt"], "notes.txt", "http://localhost:8080/b.txt"],
    [["localhost", "8080", "notes.txt", "sub/"], "notes.txt", "http://localhost:8080/sub/notes.txt"],
    [["localhost", "notes.txt", "b.txt"], "notes.txt", "http://localhost:8080/b.txt"],
    [["a b.txt", "http://h:81/sub/"], "a b.txt", "http://h:81/sub/a%20b.txt"],
    [["a?.txt", "http://h:81/?q=1"], "a?.txt", "http://h:81/a%3F.txt?q=1"],
    [["a.txt", "http://h:81/b.txt"], "a.txt", "http://h:81/b.txt"],
  ])("reads %j", (words, path, url) => {
    const found = readPutWords(words);
    expect({ ...found, url: formatRemoteUrl(found.url) }).toEqual({ path, url });
  });

  test.each<[string[], string]>([
    [[], "The file to send is missing"],
    [["localhost", "8080"], "The file to send is missing; write: netfile put localhost 8080 FILE"],
    [["localhost", "a", "b", "c"], 'The word "c" is one too many'],
    [["localhost", "80", "a", "b", "c"], 'The word "c" is one too many; the order is HOST PORT FILE NAME'],
    [["http://h/", "a"], "The file comes first"],
    [["a", "http://h/", "b"], 'The word "b" is one too many; the order is FILE URL'],
    [["a.txt", "127.0.0.1:31500"], "write them as a URL: netfile put a.txt http://127.0.0.1:31500/"],
    [["a.txt", "[::1]:80/sub/"], "netfile put a.txt http://[::1]:80/sub/"],
    [["localhost", "99999", "a"], 'The port "99999" is not a port; write a number from 1 to 65535'],
  ])("refuses %j", (words, message) => {
    expect(() => readPutWords(words)).toThrow(UsageError);
    expect(() => readPutWords(words)).toThrow(message);
  });
});

describe("readServerWords()", () => {
  test.each<[string[], { host: string; port: number; folder: string }]>([
    [[], { host: "127.0.0.1", port: 8080, folder: "/" }],
    [["localhost", "81"], { host: "localhost", port: 81, folder: "/" }],
    [["http://h:81/a%20b"], { host: "h", port: 81, folder: "/a b/" }],
    [["http://h/a/?x"], { host: "h", port: 80, folder: "/a/" }],
  ])("reads %j", (words, server) => {
    expect(readServerWords(words)).toEqual(server);
  });

  test.each<[string[]]>([[["http://h/", "81"]], [["http://h/%ff"]]])("refuses %j", (words) => {
    expect(() => readServerWords(words)).toThrow(UsageError);
  });
});
