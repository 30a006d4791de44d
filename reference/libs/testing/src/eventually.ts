// For what becomes true after a while.

import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 25;
/** Long enough for a machine that is busy with other things; a test that passes waits for none of it. */
const LIMIT_MS = 20_000;

/** Tries again until it does not throw any more, and returns what came of it. Then the last failure is the test's. */
export async function eventually<T>(attempt: () => Promise<T> | T, limitMs: number = LIMIT_MS): Promise<T> {
  const begun = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() - begun > limitMs) throw error;
      await delay(POLL_MS);
    }
  }
}
