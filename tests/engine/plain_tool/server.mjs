// A service that brings its database up to date, and then keeps notes in it.

import http from "node:http";

import { migrate } from "./migrate.mjs";
import { connect } from "./postgres.mjs";

try {
  await migrate(process.env.DATABASE_URL);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

async function answer(request) {
  if (request.url === "/healthz") return [200, "ok"];
  const session = await connect(process.env.DATABASE_URL);
  try {
    if (request.method === "POST") {
      const [[note]] = await session.query("INSERT INTO notes (text) VALUES ('kept') RETURNING id");
      return [201, JSON.stringify({ id: note })];
    }
    const rows = await session.query(`SELECT text FROM notes WHERE id = ${Number(request.url.split("/")[2])}`);
    return rows.length > 0 ? [200, rows[0][0]] : [404, "no such note"];
  } finally {
    session.end();
  }
}

const server = http.createServer((request, response) => {
  request.resume();
  answer(request).then(
    ([status, text]) => response.writeHead(status).end(text),
    (error) => response.writeHead(500).end(error.message),
  );
});
server.listen(3000);
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
