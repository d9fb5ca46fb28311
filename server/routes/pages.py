"""The few pages that people see on their way in and out. No script, no image, nothing loaded: a policy says so."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from auth.sso.return_path import return_path

if TYPE_CHECKING:
    from auth.sso.departure import Departure
    from auth.sso.rehearsal import Rehearsal
    from auth.sso.saml.unsolicited import Confirmation
    from auth.sso.sign_in import Crossroads
    from settings import Settings

_STYLE: Final = """
:root { color-scheme: light dark; }
body { margin: 0; font: 1.0625rem/1.5 system-ui, sans-serif; color: CanvasText; background: Canvas; }
main { max-width: 26rem; margin: 12vh auto 4rem; padding: 0 1.5rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; }
p, form { margin: 0 0 1rem; }
label { display: block; font-weight: 600; margin-bottom: .35rem; }
input, button { box-sizing: border-box; width: 100%; font: inherit; border-radius: .5rem; padding: .65rem .8rem; }
input { border: 1px solid GrayText; color: inherit; background: Field; margin-bottom: 1rem; }
button { border: 0; cursor: pointer; color: #fff; background: #1f5fbf; font-weight: 600; }
button:hover { background: #174c9c; }
button.choice { text-align: left; color: inherit; background: transparent; border: 1px solid GrayText; }
button.choice { font-weight: 400; }
button.choice:hover { border-color: #1f5fbf; }
button.choice strong, button.choice span { display: block; }
a { color: LinkText; display: inline-block; padding: .35rem 0; }
:focus-visible { outline: 3px solid #b86e00; outline-offset: 2px; }
ul { list-style: none; margin: 0; padding: 0; }
li { margin-bottom: .6rem; }
dt { font-weight: 600; }
dd { margin: 0 0 .6rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
caption { text-align: left; font-weight: 600; margin-bottom: .35rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .5rem .35rem 0; border-top: 1px solid GrayText; }
th { font-weight: 400; width: 38%; }
code { font-size: .95em; }
"""

# A claim may be anything; a page shows the beginning.
_LONGEST_CLAIM: Final = 2_000

_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Fieldgate</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


def page(
    title: str, content: str, *, status: int = 200, form_targets: str = "'self'", referrer: str = "no-referrer"
) -> HTMLResponse:
    """A whole page.

    Args:
        title: plain text.
        content: HTML in which everything that came from outside has been escaped.
        status: of the response.
        form_targets: where a form may lead, redirects included, as a source list of a content security policy.
        referrer: the referrer policy.
    """
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {form_targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(
        _PAGE.format(title=escape(title), style=_STYLE, content=content),
        status,
        headers={"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": referrer},
    )


def ask_for_tenant(settings: Settings, wanted_path: str | None, max_age: str | None = None) -> HTMLResponse:
    """The page for who comes without saying which organisation they belong to."""
    content = f"""<form method="post" action="/auth/login">
<label for="tenant">Your work e-mail or organisation</label>
<input id="tenant" name="tenant" required maxlength="320" autofocus autocomplete="username" autocapitalize="none"
 spellcheck="false" aria-describedby="hint">
{_carried(wanted_path, max_age)}
<p id="hint">For example <code>you@acme.example</code>, or your organisation's short name. You sign in with your
organisation's own account.</p>
<button>Continue</button>
</form>"""
    return page("Sign in", content, form_targets=_anywhere(settings))


def choose_provider(
    settings: Settings, crossroads: Crossroads, wanted_path: str | None, max_age: str | None = None
) -> HTMLResponse:
    """The page for who belongs to an organisation with several providers."""
    hidden = f'<input type="hidden" name="tenant" value="{escape(crossroads.tenant)}">{_carried(wanted_path, max_age)}'
    choices = "".join(
        f'<li><button class="choice" name="provider" value="{provider_id}">{escape(name)}</button></li>'
        for provider_id, name in crossroads.providers
    )
    content = f"""<p id="hint">{escape(crossroads.tenant)} has several ways to sign in. Choose yours.</p>
<form method="post" action="/auth/login" aria-describedby="hint">{hidden}<ul>{choices}</ul></form>
<p><a href="/auth/login">Another organisation</a></p>"""
    return page("Sign in", content, form_targets=_anywhere(settings))


def go_on_to_provider(departure: Departure) -> HTMLResponse:
    """The page for who is sent to a provider that takes messages by a form only. There is no script, so they click."""
    address = urlsplit(departure.url)
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in (departure.fields or {}).items()
    )
    content = f"""<p id="hint">The next step is at {escape(departure.provider)}.</p>
<form method="post" action="{escape(departure.url)}" aria-describedby="hint">{fields}
<button autofocus>Continue to {escape(departure.provider)}</button></form>"""
    # To ourselves as well: the provider may answer a sign-out by a redirect, which Chromium holds to this list.
    return page("One more step", content, form_targets=f"'self' {address.scheme}://{address.netloc}")


def confirm(confirmation: Confirmation) -> HTMLResponse:
    """The page for whom a provider has sent, unasked. Another site could have had the browser post that response."""
    who = escape(confirmation.who)
    content = f"""<p id="hint">{escape(confirmation.provider)} has sent you here. You would be signed in as</p>
<p><strong>{who}</strong></p>
<form method="post" action="{escape(confirmation.address)}" aria-describedby="hint">
<input type="hidden" name="identity" value="{escape(confirmation.identity)}">
<button>Sign in as {who}</button></form>
<p>If that is not you, leave this page.</p>
<p><a href="/auth/login">Sign in as yourself</a></p>"""
    # A page that sends no referrer sends "Origin: null" with its forms, which is what any other page could send.
    return page("Is this you?", content, referrer="same-origin")


def rehearsed(rehearsal: Rehearsal) -> HTMLResponse:
    """What a dry run has shown: the tester's own claims, and what they come to. Nobody is signed in."""
    rows = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th><td><code>{escape(_shown(value))}</code></td></tr>'
        for name, value in sorted(rehearsal.claims.items())
    )
    new = ""
    if rehearsal.org_unit is not None:
        roles = ", ".join(rehearsal.roles) or "none"
        new = f"<dt>Org unit for new members</dt><dd>{escape(rehearsal.org_unit)}</dd>"
        new += f"<dt>Roles of new members</dt><dd>{escape(roles)}</dd>"
    content = f"""<p>{escape(rehearsal.outcome)} Nobody has been signed in.</p>
<dl><dt>Connection</dt><dd>{escape(rehearsal.connection)}</dd>
<dt>Member</dt><dd>{escape(rehearsal.member or "nobody")}</dd>{new}</dl>
<table><caption>What the provider said</caption><tbody>{rows}</tbody></table>"""
    return page("Test of a connection", content)


def not_signed_in(reference: str, *, status: int) -> HTMLResponse:
    """The one page for every failure to sign in. What exactly was wrong is in the log, under the reference."""
    content = f"""<p>We could not sign you in. If it happens again, tell your administrator this reference:</p>
<p><code>{escape(reference)}</code></p>
<p><a href="/auth/login">Try again</a></p>"""
    return page("Sign-in did not work", content, status=status)


def ask_to_sign_out(settings: Settings) -> HTMLResponse:
    """A page with a button: a link that signs people out could be put into any other page."""
    # A page that sends no referrer sends "Origin: null" with its forms, which is what any other page could send.
    form = '<form method="post" action="/auth/logout"><button autofocus>Sign out</button></form>'
    return page("Sign out", form, referrer="same-origin", form_targets=_anywhere(settings))


def sign_out_refused(reference: str) -> HTMLResponse:
    """For whom a provider has sent with a message that can't be believed. Nobody is signed out by it."""
    content = f"""<p>We could not take this request to sign out. If it happens again, tell your administrator this
reference:</p>
<p><code>{escape(reference)}</code></p>
<p><a href="/auth/logout">Sign out here</a></p>"""
    return page("Sign-out did not work", content, status=400)


def signed_out_here(reference: str) -> HTMLResponse:
    """For whom the provider has not signed out, or not said so in a way that can be believed."""
    content = f"""<p>You are signed out here. Your organisation's provider has not confirmed that you are signed out
there. If others use this device, sign out there as well.</p>
<p><code>{escape(reference)}</code></p>
<p><a href="/auth/login">Sign in again</a></p>"""
    return page("You are signed out here", content, status=400)


def signed_out() -> HTMLResponse:
    """What is left to say."""
    return page("You are signed out", '<p><a href="/auth/login">Sign in again</a></p>')


def _carried(wanted_path: str | None, max_age: str | None) -> str:
    """What a form takes along of what one came with."""
    wanted = f'<input type="hidden" name="next" value="{escape(return_path(wanted_path))}">'
    return wanted + ("" if max_age is None else f'<input type="hidden" name="max_age" value="{escape(max_age)}">')


def _anywhere(settings: Settings) -> str:
    # Chromium holds the redirect that follows a form to this list as well, and providers are anywhere.
    return "'self' https:" + (" http:" if settings.environment == "development" else "")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_CLAIM else text[:_LONGEST_CLAIM] + "…"
