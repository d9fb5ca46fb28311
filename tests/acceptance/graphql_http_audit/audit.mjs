// Runs the audits of graphql-http against the endpoint and prints what each came to, as one JSON object.
// Usage: FIELDGATE_TOKEN=... node audit.mjs URL

import { serverAudits } from "graphql-http";

const [url] = process.argv.slice(2);

function fetchSignedIn(address, options = {}) {
  const headers = { ...options.headers, Authorization: `Bearer ${process.env.FIELDGATE_TOKEN}` };
  return fetch(address, { ...options, headers });
}

const outcomes = {};
for (const audit of serverAudits({ url, fetchFn: fetchSignedIn })) {
  const result = await audit.fn();
  outcomes[audit.id] = { name: audit.name, status: result.status, reason: result.reason };
}
console.log(JSON.stringify(outcomes));
