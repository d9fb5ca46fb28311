"""Provisioning: a tenant's identity provider keeps our members and groups as it has them (SCIM 2.0)."""
