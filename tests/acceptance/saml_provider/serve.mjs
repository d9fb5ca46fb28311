// One tenant's SAML identity provider, by the library that Auth0 is made of. It is set up with the gateway's metadata, `ours`.
// Usage: node serve.mjs JSON. Says "ready" once it listens, and ends when its input does.
import { X509Certificate, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import samlp from "samlp";

const { port, issuer, ours, certificate, key, signed, encrypted, nameFormat, people } =
  JSON.parse(process.argv[2]);

const attribute = (element, name) => ours.match(new RegExp(`<[^>]*\\b${element}\\b[^>]*\\b${name}="([^"]*)"`))?.[1];
const audience = attribute("EntityDescriptor", "entityID");
const consumer = attribute("AssertionConsumerService", "Location");
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
    send: (body, problem) => (typeof body === "number" ? failed(body, problem) : response.end(body)),
  };
}

async function answer(request, response) {
  const url = new URL(request.url, issuer);
  const asked = { method: "GET", headers: request.headers, protocol: "http", originalUrl: request.url };
  if (url.pathname === "/metadata") return metadata(asked, expressed(response));
  if (request.method === "GET") return response.setHeader("content-type", "text/html").end(page);
  let body = "";
  for await (const chunk of request) body += chunk;
  const login = new URLSearchParams(body).get("login");
  const query = Object.fromEntries(url.searchParams);
  const answering = samlp.auth({ ...options, sessionIndex: randomUUID(), getUserFromRequest: () => userOf(login) });
  return answering({ ...asked, query }, expressed(response), (problem) => {
    console.error(problem);
    response.writeHead(400).end(String(problem));
  });
}

createServer(answer).listen(port, "127.0.0.1", () => console.log("ready"));
process.stdin.resume().on("end", () => process.exit());
