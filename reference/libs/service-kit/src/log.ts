// Structured logs: one JSON object a line, `event` a fixed word to search and alarm on; all that varies is a field.

import { pino, type Logger } from "pino";

const shape = (service: string, level: string, version?: string) =>
  ({
    level,
    base: { service, ...(version === undefined ? {} : { version }) },
    messageKey: "event",
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }) as const;

/** Writes to standard output, each line before the call returns: nothing is lost when the process ends. */
export function createLogger(service: string, level: string, version: string): Logger {
  return pino(shape(service, level, version), pino.destination({ dest: 1, sync: true }));
}

/** Ends the process with one line on standard error. */
export function die(service: string, event: string, fields: object): never {
  pino(shape(service, "error"), pino.destination({ dest: 2, sync: true })).error(fields, event);
  process.exit(1);
}

/** What went wrong, in one line and without the addresses that drivers put into their messages. */
export function errorLine(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  const words = error instanceof Error ? error.message || error.name : String(error);
  const line = words
    .replace(/\s+/g, " ")
    .replace(/\b([a-z]+:\/\/)[^\s@/]*@/g, "$1")
    .trim();
  const told = line === "" || typeof code !== "string" || line.includes(code) ? line : `${code}: ${line}`;
  return (told || String(code)).slice(0, 300);
}
