// One operation by a client that sends ids: "apollo" or "urql". Prints the requests that it made, and what it got.
// Usage: node drive.mjs CLIENT URL TOKEN [MANIFEST]   Without a manifest the client hashes the text itself.
import { readFileSync } from "node:fs";
import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";
import { createClient, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { createHash } from "node:crypto";
import { NAMES } from "./source/documents.js";

const [client, url, token, file] = process.argv.slice(2);
const manifest = file && JSON.parse(readFileSync(file, "utf8"));
const variables = { first: 1 };
const headers = { authorization: `Bearer ${token}` };
const requests = [];

async function recorded(address, options) {
  const response = await fetch(address, options);
  const parameters = new URL(address, url).searchParams;
  const body = options.body ? JSON.parse(options.body) : Object.fromEntries(parameters);
  requests.push({ method: options.method ?? "GET", text: Boolean(body.query), status: response.status });
  return response;
}

const asks = {
  async apollo() {
    const hashing = manifest
      ? generatePersistedQueryIdsFromManifest({ loadManifest: async () => manifest })
      : { sha256: (text) => createHash("sha256").update(text).digest("hex") };
    const link = new PersistedQueryLink(hashing).concat(new HttpLink({ uri: url, headers, fetch: recorded }));
    return (await new ApolloClient({ link, cache: new InMemoryCache() }).query({ query: NAMES, variables })).data;
  },
  async urql() {
    const exchange = persistedExchange({
      preferGetForPersistedQueries: true,
      ...(manifest && { generateHash: async () => manifest.operations[0].id, enforcePersistedQueries: true }),
    });
    const asking = createClient({ url, fetch: recorded, exchanges: [exchange, fetchExchange], fetchOptions: { headers } });
    const result = await asking.query(NAMES, variables).toPromise();
    if (result.error) throw result.error;
    return result.data;
  },
};

const data = await asks[client]();
console.log(JSON.stringify({ requests, names: data.companies.nodes.map((node) => node.name) }));
