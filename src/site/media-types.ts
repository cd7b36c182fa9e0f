/**
 * Media types by file name extension: those that a file server meets, in the spelling of the IANA registry.
 */

/** Text is taken for UTF-8 (RFC 9110 §8.3.2); without a charset, browsers would guess. */
const TEXT: Readonly<Record<string, string>> = {
  txt: "text/plain",
  text: "text/plain",
  log: "text/plain",
  ini: "text/plain",
  conf: "text/plain",
  html: "text/html",
  htm: "text/html",
  css: "text/css",
  csv: "text/csv",
  tsv: "text/tab-separated-values",
  md: "text/markdown",
  markdown: "text/markdown",
  js: "text/javascript",
  mjs: "text/javascript",
  cjs: "text/javascript",
  ts: "text/plain",
  vtt: "text/vtt",
  ics: "text/calendar",
  vcf: "text/vcard",
};

const OTHER: Readonly<Record<string, string>> = {
  json: "application/json",
  map: "application/json",
  geojson: "application/geo+json",
  jsonld: "application/ld+json",
  webmanifest: "application/manifest+json",
  xml: "application/xml",
  xhtml: "application/xhtml+xml",
  rss: "application/rss+xml",
  atom: "application/atom+xml",
  yaml: "application/yaml",
  yml: "application/yaml",
  toml: "application/toml",
  wasm: "application/wasm",
  pdf: "application/pdf",
  rtf: "application/rtf",
  epub: "application/epub+zip",
  zip: "application/zip",
  gz: "application/gzip",
  tgz: "application/gzip",
  zst: "application/zstd",
  tar: "application/x-tar",
  bz2: "application/x-bzip2",
  xz: "application/x-xz",
  "7z": "application/x-7z-compressed",
  doc: "application/msword",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  ppt: "application/vnd.ms-powerpoint",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  odt: "application/vnd.oasis.opendocument.text",
  ods: "application/vnd.oasis.opendocument.spreadsheet",
  odp: "application/vnd.oasis.opendocument.presentation",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  apng: "image/apng",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  heic: "image/heic",
  heif: "image/heif",
  svg: "image/svg+xml",
  ico: "image/vnd.microsoft.icon",
  bmp: "image/bmp",
  tif: "image/tiff",
  tiff: "image/tiff",
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  aac: "audio/aac",
  ogg: "audio/ogg",
  oga: "audio/ogg",
  opus: "audio/ogg",
  flac: "audio/flac",
  wav: "audio/wav",
  weba: "audio/webm",
  mid: "audio/midi",
  mp4: "video/mp4",
  m4v: "video/mp4",
  webm: "video/webm",
  ogv: "video/ogg",
  mov: "video/quicktime",
  avi: "video/x-msvideo",
  mkv: "video/matroska",
  mpeg: "video/mpeg",
  ttf: "font/ttf",
  otf: "font/otf",
  woff: "font/woff",
  woff2: "font/woff2",
};

/** What a file of one extension is. */
export type MediaKind = {
  /** The value of Content-Type. */
  readonly mediaType: string;
  /** Whether it is text of some kind, which gets shorter when it is compressed. */
  readonly isCompressible: boolean;
};

const UNKNOWN: MediaKind = { mediaType: "application/octet-stream", isCompressible: false };

const COMPRESSIBLE = /^text\/|\+xml$|\+json$|^application\/(?:json|xml|yaml|toml|rtf|wasm)$|^image\/bmp$/;

/** Those that were asked for. */
const kinds = new Map<string, MediaKind>();

/**
 * The media type of files with `extension` (lower case, without the dot; empty for none).
 * @returns `application/octet-stream` when it is not known (RFC 9110 §8.3).
 */
export function mediaKindOf(extension: string): MediaKind {
  return kinds.get(extension) ?? nameKind(extension) ?? UNKNOWN;
}

function nameKind(extension: string): MediaKind | undefined {
  const textType = Object.hasOwn(TEXT, extension) ? TEXT[extension] : undefined;
  const type = textType ?? (Object.hasOwn(OTHER, extension) ? OTHER[extension] : undefined);
  if (type === undefined) return undefined;
  const mediaType = textType === undefined ? type : `${type}; charset=utf-8`;
  const kind = { mediaType, isCompressible: COMPRESSIBLE.test(type) };
  kinds.set(extension, kind);
  return kind;
}
