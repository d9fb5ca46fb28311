// One tenant's identity provider, by the library that many of them are made of, with its own pages for people.
// Usage: node serve.mjs JSON. Each start makes new keys. Says "ready" once it listens, and ends when its input does.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const { name, issuer, port, gateway, connection, clientId, clientSecret, algorithm, emailInIdToken, people } =
  JSON.parse(process.argv[2]);

function signingKey(kind, options, alg) {
  const { privateKey } = generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: randomBytes(8).toString("hex") };
}

const provider = new Provider(issuer, {
  jwks: {
    keys: [
      signingKey("rsa", { modulusLength: 2048 }, "RS256"),
      signingKey("ec", { namedCurve: "P-256" }, "ES256"),
    ],
  },
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [`${gateway}/auth/callback/${connection}`],
      post_logout_redirect_uris: [`${gateway}/auth/logout`],
      backchannel_logout_uri: `${gateway}/auth/backchannel-logout/${connection}`,
      backchannel_logout_session_required: true,
      id_token_signed_response_alg: algorithm,
    },
  ],
  claims: { email: ["email", "email_verified"], profile: ["name"] },
  // The standard's way is to have us ask for the address; many products put it into the token.
  conformIdTokenClaims: !emailInIdToken,
  features: { backchannelLogout: { enabled: true } },
  // Browsers keep cookies by host, whatever the port: two providers on this machine would overwrite each other's.
  cookies: {
    keys: [randomBytes(16).toString("hex")],
    names: { session: `${name}_session`, interaction: `${name}_interaction`, resume: `${name}_resume` },
  },
  findAccount(_context, subject) {
    const person = people[subject];
    return person && { accountId: subject, claims: () => ({ sub: subject, email_verified: true, ...person }) };
  },
  // The library refuses to call addresses of this machine, where the gateway of a test is.
  fetch(url, { dispatcher: _, ...options }) {
    return fetch(url, options);
  },
});

for (const failure of ["server_error", "backchannel.error"]) {
  provider.on(failure, (_context, error) => console.error(failure, error));
}
createServer(provider.callback()).listen(port, "127.0.0.1", () => console.log("ready"));
process.stdin.resume().on("end", () => process.exit());
