// Which handler answers a request.

import type { IncomingHttpHeaders } from "node:http";

import { HttpProblem } from "./problem.js";
import type { Reply } from "./reply.js";

export interface RouteRequest {
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  /** The path's part that stands where the route has `:id`; empty where it has none. */
  readonly id: string;
  readonly readJson: (limitBytes: number) => Promise<unknown>;
}

export interface Route {
  readonly method: "GET" | "POST";
  /** Segments between slashes; one of them may be `:id`. */
  readonly path: string;
  /** Called every few seconds by something that watches: logged at debug level alone. */
  readonly probe?: true;
  readonly handle: (request: RouteRequest) => Promise<Reply> | Reply;
}

export interface Match {
  readonly route: Route;
  readonly id: string;
}

/** @throws HttpProblem 404 where no route has that path, 405 where one has, for other methods */
export function findRoute(routes: readonly Route[], method: string, path: string): Match {
  const matches = routes.flatMap((route) => {
    const id = matchPath(route.path, path);
    return id === undefined ? [] : [{ route, id }];
  });
  if (matches.length === 0) throw new HttpProblem(404, "no_such_path", "There is nothing at this path.");

  // Node leaves the body out of a response to HEAD by itself.
  const wanted = method === "HEAD" ? "GET" : method;
  const match = matches.find(({ route }) => route.method === wanted);
  if (match) return match;

  const allowed = matches.flatMap(({ route }) => (route.method === "GET" ? ["GET", "HEAD"] : [route.method]));
  const allow = allowed.join(", ");
  throw new HttpProblem(405, "method_not_allowed", `method: got ${method}, expected one of ${allow}`, { allow });
}

function matchPath(pattern: string, path: string): string | undefined {
  const expected = pattern.split("/");
  const given = path.split("/");
  if (expected.length !== given.length) return undefined;
  let id = "";
  for (const [index, segment] of expected.entries()) {
    const actual = given[index] ?? "";
    if (segment === ":id" && actual !== "") id = actual;
    else if (segment !== actual) return undefined;
  }
  return id;
}
