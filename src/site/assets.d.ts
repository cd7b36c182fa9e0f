/** Files of `assets/` that are embedded: where they can be read. `.html` is declared by the platform's own types. */
declare module "*.css" {
  const path: string;
  export = path;
}

declare module "*.svg" {
  const path: string;
  export = path;
}

declare module "*.png" {
  const path: string;
  export = path;
}
