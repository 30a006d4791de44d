// Structured logs: one JSON object a line. Callers pass identifiers and numbers, never what a client sent in a body.

export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

export type Fields = Readonly<Record<string, string | number | boolean | null>>;

/** `event` is a fixed word to search and alarm on; all that varies belongs in the fields. */
export type Log = (event: string, fields?: Fields) => void;

export interface Logger extends Readonly<Record<Level, Log>> {
  /** A logger that adds these fields to each of its lines. */
  with(fields: Fields): Logger;
}

export interface LoggerOptions {
  /** Lines below it are dropped. */
  readonly level: Level;
  /** Takes one line, its line end included. */
  readonly write: (line: string) => void;
  readonly fields?: Fields;
}

export function createLogger({ level, write, fields = {} }: LoggerOptions): Logger {
  const threshold = LEVELS.indexOf(level);

  const at = (own: Level): Log => {
    if (LEVELS.indexOf(own) < threshold) return () => {};
    return (event, more) => {
      const time = new Date().toISOString();
      write(`${JSON.stringify({ time, level: own, event, ...fields, ...more })}\n`);
    };
  };

  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (more) => createLogger({ level, write, fields: { ...fields, ...more } }),
  };
}

/** An error as log fields. Whatever was thrown fits. */
export function errorFields(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: String(error) };
  return { error: error.name, message: error.message, stack: error.stack ?? null };
}
