// Whether a service wants traffic: its own phase, and what it depends on, by name.

/** Something that a service leans on. */
export interface Dependency {
  readonly name: string;
  /** False where the service does its work without it, only slower: it is named then, and traffic still wanted. */
  readonly essential: boolean;
  /** Resolves where it answers; rejects with why not. */
  readonly check: () => Promise<unknown>;
}

export interface Readiness {
  readonly status: "ready" | "unready" | "draining";
  /** Dependency to `ok`, or what is wrong with it. */
  readonly dependencies: Readonly<Record<string, string>>;
}

/** A dependency that has not answered by then counts as missing: whoever asks waits no longer than a few seconds. */
const PATIENCE_MS = 1_500;

/** Asks every dependency at once. What went wrong is told in a word; the log has the rest. */
export async function readiness(dependencies: readonly Dependency[], draining: boolean): Promise<Readiness> {
  const states = await Promise.all(
    dependencies.map(async ({ name, essential, check }) => ({ name, essential, state: await stateOf(check) })),
  );
  const missing = states.some(({ essential, state }) => essential && state !== "ok");
  return {
    status: draining ? "draining" : missing ? "unready" : "ready",
    dependencies: Object.fromEntries(states.map(({ name, state }) => [name, state])),
  };
}

async function stateOf(check: () => Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, "no answer")));
  try {
    return await Promise.race([check().then(() => "ok"), late]);
  } catch {
    return "unavailable";
  } finally {
    clearTimeout(timer);
  }
}
