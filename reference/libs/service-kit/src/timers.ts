// Loaded into Prisma's CLI ahead of it. Its schema engine leaves the timer of its lock's time limit (10 s) behind, which would
// keep the process, and with it the start of the service, that long after the work is done. What still waits for an answer is
// kept alive by its socket.

const ENGINE_LIMIT_MS = 10_000;

const start = globalThis.setTimeout;
globalThis.setTimeout = Object.assign((...[callback, ms, ...rest]: Parameters<typeof start>): NodeJS.Timeout => {
  const timer = start(callback, ms, ...rest);
  return (ms ?? 0) >= ENGINE_LIMIT_MS ? timer.unref() : timer;
}, start);
