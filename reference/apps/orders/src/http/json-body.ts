// Reads a request's JSON body, of a bounded size.

import type { IncomingMessage } from "node:http";

import { HttpProblem } from "./problem.js";

/** The client went away before it had sent all of its body: there is nobody left to answer. */
export class RequestAborted extends Error {
  override readonly name = "RequestAborted";
}

/**
 * @throws HttpProblem 415, 413 or 400
 * @throws RequestAborted
 */
export async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const mediaType = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new HttpProblem(415, "unsupported_media_type", "Send the body as application/json.");
  }
  const bytes = await readBytes(request, limitBytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message quotes the body.
    throw new HttpProblem(400, "invalid_json", "body: got something else, expected JSON in UTF-8");
  }
}

function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const tooLarge = () => new HttpProblem(413, "body_too_large", `body: expected at most ${limitBytes} bytes`);

  // A length that is declared is refused before a byte is read. Either way node discards what still arrives, in
  // constant memory and within requestTimeout: the client gets to read its answer, where closing at once would
  // reset the connection under it.
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) return Promise.reject(tooLarge());

  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      request.off("data", onData);
      request.resume();
      reject(tooLarge());
    };
    request.on("data", onData);
    request.once("end", () => resolve(Buffer.concat(chunks)));
    // The one error that a request has is the loss of its connection.
    request.once("error", (cause) => reject(new RequestAborted("the connection closed too early", { cause })));
  });
}
