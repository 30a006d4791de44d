// A folder to serve, of the shape that the builds of the shell and the micro-frontends have.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";

export const FILES = {
  "index.html": "<!doctype html><title>Shell</title>",
  "favicon.svg": "<svg/>",
  "assets/index-AbCd_-12.js": "export const shell = 1;",
  "mfe/catalog/manifest.json": "{}",
  "mfe/catalog/assets/main-AbCd1234.js": "export const catalog = 1;",
  "mfe/cart/manifest.json": "{}",
  "mfe/cart/assets/main-AbCd1234.js": "export const cart = 1;",
  ".secret": "secret",
} as const;

/** Removed again when the test ends. */
export async function makePublic(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "web-public-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
    await writeFile(join(folder, `${name}.gz`), gzipSync(text));
  }
  return folder;
}
