"""What a tenant's rows of identity providers and domains show, written by hand."""

from __future__ import annotations

import datetime as dt
from operator import itemgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

from tests.oracle.reading import encode

if TYPE_CHECKING:
    from tests.oracle.tenant_rows import Row, TenantRows

PUBLIC_URL: Final = "https://gateway.oracle.example"

_COPIED: Final = (
    *("id", "name", "kind", "client_id", "enabled", "tested_at", "metadata_url", "metadata_expires_at"),
    *("certificate_expires_at", "allow_unsolicited", "want_encrypted", "provision_members", "step_up_acr"),
    "created_at",
)
_ADDRESSES: Final = {
    "oidc": {
        "redirect_uri": "/auth/callback/{id}",
        "post_logout_redirect_uri": "/auth/logout",
        "backchannel_logout_uri": "/auth/backchannel-logout/{id}",
        "frontchannel_logout_uri": "/auth/frontchannel-logout/{id}",
    },
    "saml": {
        "sp_metadata_url": "/saml/{slug}/metadata/{id}",
        "sp_entity_id": "/saml/{slug}/metadata/{id}",
        "acs_url": "/saml/{slug}/acs/{id}",
        "single_logout_url": "/saml/{slug}/sls/{id}",
    },
}
_MESSAGES: Final = {
    "certificate_expires": "The provider's last certificate expires: take its new metadata.",
    "metadata_expires": "The provider's metadata expires: take a new document.",
}


def connections(rows: TenantRows) -> list[object]:
    """The tenant's identity providers, the oldest first."""
    return [_connection(rows.placement.slug, row) for row in sorted(rows.connections, key=itemgetter("id"))]


def domains(rows: TenantRows) -> list[object]:
    """The tenant's domains, by name."""
    return [
        SimpleNamespace(
            **row,
            record_name=f"_fieldgate-challenge.{row['name']}",
            record_value=f"fieldgate-domain-verification={row['verification_token']}",
        )
        for row in sorted(rows.domains, key=itemgetter("name"))
    ]


def _connection(slug: str, row: Row) -> object:
    now, of_saml = dt.datetime.now(dt.UTC), row["kind"] == "saml"
    addresses = dict.fromkeys(name for of_kind in _ADDRESSES.values() for name in of_kind) | {
        name: PUBLIC_URL + path.format(slug=slug, id=row["id"]) for name, path in _ADDRESSES[row["kind"]].items()
    }
    names = {"email": None, "email_verified": None, "full_name": None, "groups": None}
    return SimpleNamespace(
        **{name: row[name] for name in _COPIED},
        **addresses,
        default_org_unit_id=None
        if row["default_org_unit_id"] is None
        else encode("OrgUnit", {"id": row["default_org_unit_id"]}),
        issuer=row["issuer"],
        has_client_secret=row["client_secret"] is not None,
        waits_for_test=["clientId", "clientSecret"] if row["staged"] else [],
        claim_names=SimpleNamespace(**(names | row["claim_names"])),
        signing_policy=row["signing_policy"] if of_saml else None,
        role_mapping=[SimpleNamespace(**rule) for rule in row["role_mapping"]],
        # No secret of these rows opens: what they hold was never sealed.
        warnings=[
            SimpleNamespace(
                code="client_secret_unreadable",
                message="Its client secret cannot be read any more: give it once more.",
                expires_at=None,
                urgent=True,
            )
        ]
        * (row["client_secret"] is not None)
        + [
            SimpleNamespace(
                code=f"{what}_expires",
                message=_MESSAGES[f"{what}_expires"],
                expires_at=end,
                urgent=end <= now + dt.timedelta(days=7),
            )
            for what in ("certificate", "metadata")
            if (end := row[f"{what}_expires_at"]) is not None and end <= now + dt.timedelta(days=30)
        ],
    )
