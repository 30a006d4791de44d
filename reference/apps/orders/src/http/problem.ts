// What a client is told when a request fails: one problem, in the shape of RFC 9457.
// Source: https://www.rfc-editor.org/rfc/rfc9457

import { STATUS_CODES } from "node:http";

import { json, type Reply } from "./reply.js";

/** Thrown by handlers for anything that is the client's to mend, or to retry. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";

  constructor(
    readonly status: number,
    /** A fixed word that clients and log searches can rely on. */
    readonly code: string,
    /** A sentence for whoever reads the response. It may quote the request, so it is never logged. */
    readonly detail: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code);
  }
}

export function problemReply({ status, code, detail, headers }: HttpProblem): Reply {
  const body = { type: "about:blank", title: STATUS_CODES[status] ?? "Unknown", status, code, detail };
  return json(status, body, { ...headers, "content-type": "application/problem+json" });
}
