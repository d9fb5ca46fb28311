// Who is signed in. The tokens themselves are in cookies that no script can read.

const HERE = "/graphql";

// A cookie is only believed with proof that the request comes from this origin's own page.
const FROM_OUR_PAGE = { "Apollo-Require-Preflight": "true" };

function send(path, options = {}) {
  return fetch(path, {
    credentials: "same-origin",
    cache: "no-store",
    ...options,
    headers: { Accept: "application/json", ...FROM_OUR_PAGE, ...options.headers },
  });
}

export async function currentSession() {
  const response = await send("/auth/session");
  return response.ok ? await response.json() : null;
}

export function signIn() {
  window.location.assign(`/auth/login?next=${encodeURIComponent(HERE)}`);
}

// Sent by fetch() and not by a form: this page sends no referrer, and then a form's request says "Origin: null".
export async function signOut() {
  await send("/auth/logout", { method: "POST" });
  window.location.assign("/auth/logout");
}

// A refresh token works once, and using it twice ends the session: it looks like theft. So the tabs of this browser take
// turns, and whoever waited first looks whether the tab before has already done the work.
function oneTabAtATime(work) {
  return navigator.locks ? navigator.locks.request("fieldgate-refresh", work) : work();
}

async function refreshed() {
  return oneTabAtATime(async () => {
    if ((await currentSession()) !== null) return true;
    const response = await send("/auth/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ grant_type: "refresh_token" }),
    });
    return response.ok;
  });
}

let refreshing = null;

function refreshedOnce() {
  refreshing ??= refreshed().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

// Told with the seconds that a sign-in may be old, when the endpoint wants a more recent one (RFC 9470).
export const SIGN_IN_TOO_OLD = "fieldgate:sign-in-too-old";

function wantedAge(response) {
  const challenge = response.headers.get("WWW-Authenticate") ?? "";
  if (!challenge.includes('error="insufficient_user_authentication"')) return null;
  return challenge.match(/max_age="(\d+)"/)?.[1] ?? "0";
}

// Whether a response is for the person to see: everything is, but that they are not signed in.
function isAnswer(response) {
  const maxAge = response.status === 401 ? wantedAge(response) : null;
  if (maxAge !== null) window.dispatchEvent(new CustomEvent(SIGN_IN_TOO_OLD, { detail: maxAge }));
  return response.status !== 401 || maxAge !== null;
}

// Back to the provider, which asks once more. The query is kept by the editor, and is still there afterwards.
export function signInAgain(tenant, maxAge) {
  const query = new URLSearchParams({ tenant, max_age: maxAge, next: HERE });
  window.location.assign(`/auth/login?${query}`);
}

// fetch() for the endpoint: an expired access token is renewed once, and an ended session leads to the sign-in page.
export async function fetchSignedIn(url, options) {
  const request = () =>
    fetch(url, {
      ...options,
      credentials: "same-origin",
      headers: { ...options.headers, ...FROM_OUR_PAGE },
    });
  const response = await request();
  if (isAnswer(response)) return response;
  if (await refreshedOnce()) {
    const again = await request();
    if (isAnswer(again)) return again;
  }
  signIn();
  // The page is being left; nothing is shown in between.
  return new Promise(() => {});
}

// For the page itself, which may have been open for longer than an access token lives.
export async function sessionOrSignIn() {
  const session = await currentSession();
  if (session !== null) return session;
  if (await refreshedOnce()) return await currentSession();
  signIn();
  return null;
}
