/** Files of `assets/` that are embedded as text or as a file; `.html` is declared by the platform's own types. */
declare module "*.css" {
  const text: string;
  export = text;
}

declare module "*.svg" {
  const text: string;
  export = text;
}

declare module "*.png" {
  /** Where the embedded file can be read. */
  const path: string;
  export = path;
}
