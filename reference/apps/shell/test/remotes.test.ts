import assert from "node:assert/strict";
import { test } from "node:test";

import { entryOf, loadRemote, RETRY_AFTER_MS, type Loader } from "../src/remotes.js";

const remote = { base: "/mfe/cart/", tag: "shop-cart" };

function manifest(file: unknown) {
  return { "src/main.ts": { file, name: "main", src: "src/main.ts", isEntry: true } };
}

/** A browser in which only these modules can be loaded; importing one of them defines the element. */
function browser({ manifests, modules }: { manifests: (() => Response)[]; modules: readonly string[] }) {
  const imported: string[] = [];
  const waits: number[] = [];
  let asked = 0;
  let defined = false;
  const loader: Loader = {
    fetch: async (url, init) => {
      assert.equal(url, "/mfe/cart/manifest.json");
      assert.equal(init?.cache, "no-cache");
      const answer = manifests[Math.min(asked, manifests.length - 1)];
      asked += 1;
      assert.ok(answer);
      return answer();
    },
    importModule: async (url) => {
      imported.push(url);
      if (!modules.includes(url.replace(/\?.*/, ""))) throw new TypeError("Failed to fetch");
      defined = true;
    },
    isDefined: () => defined,
    wait: async (ms) => void waits.push(ms),
  };
  return { loader, imported, waits };
}

test("the module that the manifest names is imported", async () => {
  const { loader, imported, waits } = browser({
    manifests: [() => Response.json(manifest("assets/main-1.js"))],
    modules: ["/mfe/cart/assets/main-1.js"],
  });
  await loadRemote(remote, loader);
  assert.deepEqual(imported, ["/mfe/cart/assets/main-1.js"]);
  assert.deepEqual(waits, []);
});

test("a module that is not there is looked for by a fresh manifest: a release rolls out", async () => {
  const { loader, imported } = browser({
    manifests: [() => Response.json(manifest("assets/main-1.js")), () => Response.json(manifest("assets/main-2.js"))],
    modules: ["/mfe/cart/assets/main-2.js"],
  });
  await loadRemote(remote, loader);
  assert.deepEqual(imported, ["/mfe/cart/assets/main-1.js", "/mfe/cart/assets/main-2.js?attempt=1"]);
});

test("a module that failed is asked for at another address, because browsers remember the failure", async () => {
  const { loader, imported, waits } = browser({
    manifests: [() => Response.json(manifest("assets/main-1.js"))],
    modules: [],
  });
  await assert.rejects(loadRemote(remote, loader), /Failed to fetch/);
  assert.equal(new Set(imported).size, 1 + RETRY_AFTER_MS.length);
  assert.deepEqual(waits, [...RETRY_AFTER_MS]);
});

test("a manifest that is not there is an error that names it", async () => {
  const { loader, imported } = browser({ manifests: [() => new Response("", { status: 404 })], modules: [] });
  await assert.rejects(
    loadRemote(remote, loader),
    /^Error: \/mfe\/cart\/manifest\.json: got status 404, expected 200$/,
  );
  assert.deepEqual(imported, []);
});

test("a module that doesn't define the element is an error", async () => {
  const { loader } = browser({
    manifests: [() => Response.json(manifest("assets/main-1.js"))],
    modules: ["/mfe/cart/assets/main-1.js"],
  });
  await assert.rejects(loadRemote(remote, { ...loader, isDefined: () => false }), /expected it to define <shop-cart>/);
});

for (const [what, value, message] of [
  ["nothing", null, /got 0 entries/],
  ["no entry", { a: { file: "assets/a.js" } }, /got 0 entries/],
  ["two entries", { ...manifest("assets/a.js"), b: { file: "assets/b.js", isEntry: true } }, /got 2 entries/],
  ["no file", manifest(undefined), /got 1 entries, expected one with a file/],
  ["a file elsewhere", manifest("../catalog/assets/a.js"), /expected assets\/NAME\.js/],
  ["a file of another host", manifest("//example.com/a.js"), /expected assets\/NAME\.js/],
] as const) {
  test(`a manifest with ${what} is refused`, () => {
    assert.throws(() => entryOf(value), { message });
  });
}
