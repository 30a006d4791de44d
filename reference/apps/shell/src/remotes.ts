// Loads a micro-frontend at run time: its manifest, and the one module that the manifest names.

/** A micro-frontend, by where it is served and which element its module defines. */
export interface Remote<Tag extends string = string> {
  /** Ends with a slash. */
  readonly base: string;
  readonly tag: Tag;
}

export interface Loader {
  readonly fetch: typeof globalThis.fetch;
  readonly importModule: (url: string) => Promise<unknown>;
  readonly isDefined: (tag: string) => boolean;
  readonly wait: (ms: number) => Promise<void>;
}

const TIMEOUT_MS = 10_000;

/**
 * Milliseconds before each further attempt. While a release rolls out, the manifest may come from a server of one
 * release and the module be asked of one of the other, which hasn't got it: a later manifest fits.
 */
export const RETRY_AFTER_MS = [200, 800, 2_000] as const;

/** @throws Error of the last attempt, where none succeeded */
export async function loadRemote(remote: Remote, loader: Loader): Promise<void> {
  let lastError: unknown;
  for (const [attempt, ms] of [0, ...RETRY_AFTER_MS].entries()) {
    if (ms > 0) await loader.wait(ms);
    try {
      return await tryToLoad(remote, loader, attempt);
    } catch (error) {
      lastError = error;
    }
  }
  throw lastError;
}

async function tryToLoad({ base, tag }: Remote, loader: Loader, attempt: number): Promise<void> {
  const response = await loader.fetch(`${base}manifest.json`, {
    cache: "no-cache",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${base}manifest.json: got status ${response.status}, expected 200`);
  const entry = `${base}${entryOf(await response.json())}`;
  // A browser remembers a module that failed by its address, and wouldn't ask for it again.
  await withinLimit(loader.importModule(attempt === 0 ? entry : `${entry}?attempt=${attempt}`), entry);
  if (!loader.isDefined(tag)) throw new Error(`${entry}: expected it to define <${tag}>`);
}

/**
 * The file of the one entry in a manifest of Vite's, relative to the micro-frontend's base.
 * Source: https://vite.dev/guide/backend-integration
 *
 * @throws Error where there isn't exactly one, or it lies elsewhere: code comes from the remote's own folder only
 */
export function entryOf(manifest: unknown): string {
  const chunks = typeof manifest === "object" && manifest !== null ? Object.values(manifest) : [];
  const entries = chunks.filter((chunk): chunk is { readonly file: unknown } => chunk?.isEntry === true);
  const file = entries[0]?.file;
  if (entries.length !== 1 || typeof file !== "string") {
    throw new Error(`manifest: got ${entries.length} entries, expected one with a file`);
  }
  if (!/^assets\/[A-Za-z0-9_-]+\.js$/.test(file)) {
    throw new Error(`manifest: got the file ${JSON.stringify(file)}, expected assets/NAME.js`);
  }
  return file;
}

async function withinLimit(loading: Promise<unknown>, entry: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${entry}: not loaded in ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  try {
    await Promise.race([loading, limit]);
  } finally {
    clearTimeout(timer);
  }
}
