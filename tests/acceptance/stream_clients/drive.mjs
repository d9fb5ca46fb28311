// One operation by the client that WAY names, "websocket" or "events". Prints what it saw, one JSON object to a line.
// Usage: node drive.mjs WAY URL DOCUMENT TOKEN...   Each connection takes the next token; the last one stays.
// "leave" on its input makes it end the operation by itself.
import { createInterface } from "node:readline";
import { createClient as createEventsClient } from "graphql-sse";
import { createClient as createWebSocketClient } from "graphql-ws";
import WebSocket from "ws";

const [way, url, query, ...tokens] = process.argv.slice(2);
const say = (seen) => console.log(JSON.stringify(seen));

function credentials() {
  const token = tokens.length > 1 ? tokens.shift() : tokens[0];
  return token && { authorization: `Bearer ${token}` };
}

const clients = {
  websocket: () =>
    createWebSocketClient({
      url,
      webSocketImpl: WebSocket,
      connectionParams: credentials,
      // As it comes, but for the wait: what it takes for final is not tried again.
      retryAttempts: 3,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
      on: { connected: () => say({ connected: true }), closed: ({ code }) => say({ closed: code }) },
    }),
  events: () => createEventsClient({ url, headers: credentials, retryAttempts: 0 }),
};

const client = clients[way]();
const operation = client.iterate({ query });
const input = createInterface({ input: process.stdin });
input.on("line", () => operation.return());
try {
  for await (const result of operation) say({ next: result });
  say({ completed: true });
} catch (failure) {
  say({ failed: failure.code ?? failure.response?.status ?? String(failure) });
}
await client.dispose();
input.close();
