import { useEffect, useState } from "react";

import { sessionOrSignIn, signOut } from "./session.js";

export function SignedIn() {
  const [session, setSession] = useState(null);
  const [leaving, setLeaving] = useState(false);

  useEffect(() => {
    sessionOrSignIn().then(setSession);
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
          <button type="button" onClick={leave} disabled={leaving}>
            Sign out
          </button>
        </>
      )}
    </header>
  );
}
