import { useEffect, useState } from "react";

import { SIGN_IN_TOO_OLD, sessionOrSignIn, signInAgain, signOut } from "./session.js";

export function SignedIn() {
  const [session, setSession] = useState(null);
  const [leaving, setLeaving] = useState(false);
  const [maxAge, setMaxAge] = useState(null);

  useEffect(() => {
    sessionOrSignIn().then(setSession);
    const tooOld = (event) => setMaxAge(event.detail);
    window.addEventListener(SIGN_IN_TOO_OLD, tooOld);
    return () => window.removeEventListener(SIGN_IN_TOO_OLD, tooOld);
  }, []);

  function leave() {
    setLeaving(true);
    signOut().catch(() => setLeaving(false));
  }

  return (
    <header className="signed-in">
      <strong>Fieldgate</strong>
      {session && (
        <>
          <span className="person">
            <span>{session.member.fullName}</span> <span className="email">{session.member.email}</span>
          </span>
          <span className="tenant">{session.tenant.slug}</span>
          {maxAge !== null && (
            <button type="button" className="again" onClick={() => signInAgain(session.tenant.slug, maxAge)}>
              Sign in again to do this
            </button>
          )}
          <button type="button" onClick={leave} disabled={leaving}>
            Sign out
          </button>
        </>
      )}
    </header>
  );
}
