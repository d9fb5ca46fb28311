// A partner's program, by the library that many of them use. Prints what it saw as JSON; anything unexpected throws.
import { webcrypto } from "node:crypto";
import * as client from "openid-client";

const { issuer, secretClient, secret, keyClient, privateJwk, refreshToken } = JSON.parse(process.argv[2]);
const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };

const bySecret = await client.discovery(
  new URL(issuer), secretClient, undefined, client.ClientSecretBasic(secret), options,
);
const key = await webcrypto.subtle.importKey(
  "jwk", privateJwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"],
);
const byKey = await client.discovery(
  new URL(issuer), keyClient, undefined, client.PrivateKeyJwt({ key, kid: privateJwk.kid }), options,
);
const withoutProof = await client.discovery(new URL(issuer), "nobody", undefined, client.None(), options);

const seen = {};
for (const [name, configuration] of Object.entries({ bySecret, byKey })) {
  const tokens = await client.clientCredentialsGrant(configuration, { scope: "company:read" });
  const before = await client.tokenIntrospection(configuration, tokens.access_token);
  await client.tokenRevocation(configuration, tokens.access_token);
  const after = await client.tokenIntrospection(configuration, tokens.access_token);
  seen[name] = { expiresIn: tokens.expires_in, scope: tokens.scope, before: before.active, after: after.active };
}

const first = await client.refreshTokenGrant(withoutProof, refreshToken);
const second = await client.refreshTokenGrant(withoutProof, first.refresh_token);
await client.tokenRevocation(withoutProof, second.refresh_token);
const refused = await client.refreshTokenGrant(withoutProof, second.refresh_token).then(
  () => "accepted",
  (problem) => problem.error,
);
seen.refresh = { rotated: new Set([refreshToken, first.refresh_token, second.refresh_token]).size, refused };

const wrong = await client.discovery(
  new URL(issuer), secretClient, undefined, client.ClientSecretBasic(`${secret}x`), options,
);
// A challenge in the answer goes before its body: the library tells of the status.
seen.wrong = await client.clientCredentialsGrant(wrong).then(() => "accepted", (problem) => problem.cause?.status ?? problem.status);
console.log(JSON.stringify(seen));
