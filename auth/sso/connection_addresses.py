"""What a provider has to be told about us, to copy into its forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auth.sso.oidc import redirect_uri
from auth.sso.saml.service_provider import service_provider
from auth.sso.sign_out import SIGNED_OUT_PATH
from models.shared import IdentityProvider, IdentityProviderKind

if TYPE_CHECKING:
    from settings import Settings

ADDRESSES: Final = (
    "redirect_uri",
    "post_logout_redirect_uri",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
    "sp_metadata_url",
    "sp_entity_id",
    "acs_url",
    "single_logout_url",
)


def connection_addresses(settings: Settings, tenant_slug: str, row: IdentityProvider) -> dict[str, str]:
    """Our addresses in a connection, by what forms call them; those of the other protocol are left out."""
    base = settings.public_url.rstrip("/")
    if row.kind is IdentityProviderKind.SAML:
        ours = service_provider(settings, tenant_slug, row.id)
        return {
            "sp_metadata_url": ours.entity_id,
            "sp_entity_id": ours.entity_id,
            "acs_url": ours.assertion_consumer,
            "single_logout_url": f"{base}/saml/{tenant_slug}/sls/{row.id}",
        }
    return {
        "redirect_uri": redirect_uri(settings, row.id),
        "post_logout_redirect_uri": base + SIGNED_OUT_PATH,
        "backchannel_logout_uri": f"{base}/auth/backchannel-logout/{row.id}",
        "frontchannel_logout_uri": f"{base}/auth/frontchannel-logout/{row.id}",
    }
