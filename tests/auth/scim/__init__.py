"""Provisioning by identity providers."""
