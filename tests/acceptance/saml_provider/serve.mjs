// One tenant's SAML identity provider, by the library that Auth0 is made of. It is set up with the gateway's metadata, `ours`.
// Usage: node serve.mjs JSON. Says "ready" once it listens, and ends when its input does.
import { X509Certificate, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import samlp from "samlp";
import SessionParticipants from "samlp/lib/sessionParticipants/index.js";

const { port, issuer, ours, certificate, key, signed, encrypted, nameFormat, people } =
  JSON.parse(process.argv[2]);

const attribute = (element, name) => ours.match(new RegExp(`<[^>]*\\b${element}\\b[^>]*\\b${name}="([^"]*)"`))?.[1];
const audience = attribute("EntityDescriptor", "entityID");
const consumer = attribute("AssertionConsumerService", "Location");
const logoutService = attribute("SingleLogoutService", "Location");
const [, encoded] = ours.match(/X509Certificate>\s*([^<]+?)\s*</);
const theirCertificate = `-----BEGIN CERTIFICATE-----\n${encoded.match(/.{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`;
if (!audience || !consumer) throw new Error(`this is no service provider: ${ours}`);

const options = {
  issuer,
  cert: certificate,
  key,
  signResponse: signed !== "assertion",
  signAssertion: signed !== "response",
  signatureAlgorithm: "rsa-sha256",
  digestAlgorithm: "sha256",
  nameIdentifierFormat: nameFormat,
  destination: consumer,
  recipient: consumer,
  // What is asked for in another's name, or by nobody, is not answered.
  signingCert: theirCertificate,
  getPostURL: (asking, _request, _http, answer) => answer(asking === audience ? null : "unknown", consumer),
  ...(encrypted && {
    encryptionCert: theirCertificate,
    encryptionPublicKey: new X509Certificate(theirCertificate).publicKey.export({ type: "spki", format: "pem" }),
  }),
};
const redirected = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const participants = new Map();
const states = new Map();
const store = {
  save: (_request, state, done) => {
    const handle = randomUUID();
    states.set(handle, state);
    done(null, handle);
  },
  load: (_request, handle, ...rest) => rest.at(-1)(null, states.get(handle)),
  update: (_request, handle, state, done) => done(null, states.set(handle, state)),
};

const metadata = samlp.metadata({ issuer, cert: certificate, redirectEndpointPath: "/sso", postEndpointPath: "/sso" });

const page = '<!doctype html><form method="post"><input name="login" autofocus><button>Sign in</button></form>';

function userOf(login) {
  const [givenName, familyName] = [login, "Example"];
  const { email, verified } = people[login];
  return { id: login, emails: [{ value: email }], displayName: login, name: { givenName, familyName }, verified };
}

// What the library takes for a response is Express's.
function expressed(response) {
  const failed = (status, problem) => response.writeHead(status).end(String(problem));
  return {
    set: (name, value) => response.setHeader(name, value),
    redirect: (location) => response.writeHead(302, { location }).end(),
    send: (body, problem) => (typeof body === "number" ? failed(body, problem ?? "") : response.end(body)),
  };
}

async function answer(request, response) {
  const url = new URL(request.url, issuer);
  const asked = { method: "GET", headers: request.headers, protocol: "http", originalUrl: request.url };
  if (url.pathname === "/metadata") return metadata(asked, expressed(response));
  const refuse = (problem) => {
    console.error(problem);
    response.writeHead(400).end(String(problem));
  };
  const query = Object.fromEntries(url.searchParams);
  if (url.pathname === "/logout") {
    // Whose browser it is, a cookie says: only that session is over.
    const participant = participants.get(request.headers.cookie?.match(/saml_session=([0-9a-f-]+)/)?.[1]);
    const { cert, key, signatureAlgorithm, digestAlgorithm } = options;
    const leaving = samlp.logout({
      ...{ issuer, cert, key, signatureAlgorithm, digestAlgorithm, store, deflate: true, protocolBinding: redirected },
      sessionParticipants: new SessionParticipants(participant ? [participant] : []),
    });
    return leaving({ ...asked, query, body: {} }, expressed(response), refuse);
  }
  if (request.method === "GET") return response.setHeader("content-type", "text/html").end(page);
  let body = "";
  for await (const chunk of request) body += chunk;
  const login = new URLSearchParams(body).get("login");
  const sessionIndex = randomUUID();
  participants.set(sessionIndex, {
    serviceProviderId: audience,
    nameId: login,
    nameIdFormat: nameFormat ?? "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    sessionIndex,
    serviceProviderLogoutURL: logoutService,
    cert: theirCertificate,
    binding: redirected,
  });
  response.setHeader("set-cookie", `saml_session=${sessionIndex}`);
  const answering = samlp.auth({ ...options, sessionIndex, getUserFromRequest: () => userOf(login) });
  return answering({ ...asked, query }, expressed(response), refuse);
}

createServer(answer).listen(port, "127.0.0.1", () => console.log("ready"));
process.stdin.resume().on("end", () => process.exit());
