"""The console script ``fieldgate``: the commands and where each is found."""

from __future__ import annotations

from cyclopts import App

COMMANDS = {
    "serve": ("cli.serve", "Serve the endpoint."),
    "dev": ("cli.dev", "Start everything on this machine: a database, two demo tenants, the server."),
    "tenant": ("cli.tenant", "Create and look after tenants."),
    "identity-provider": ("cli.identity_provider", "Look after the identity providers of a tenant."),
    "domain": ("cli.domain", "Prove that e-mail domains are a tenant's."),
    "migrate": ("cli.migrate", "Bring the shared schema, then every tenant, to this release."),
    "import": ("cli.importing", "Bring rows of a file into a tenant."),
    "scim": ("cli.scim", "Look after the tokens of identity providers."),
    "token": ("cli.token", "Print an access token for somebody of the demo (development only)."),
    "client": ("cli.client", "Create and look after a partner's programs (OAuth 2 client credentials)."),
    "support": ("cli.support", "Ask a tenant to be let in, and enter once it has agreed."),
    "operations": ("cli.operations", "Publish the documents that frontends name instead of sending them."),
    "schema": ("cli.schema", "Print and compare the GraphQL schema."),
    "permissions": ("cli.permissions", "Show who may read and write what."),
    "config": ("cli.config", "Show the settings in force."),
}


def _version() -> str:
    """Read only when asked for; the project is not installed, so its metadata is the file itself."""
    import tomllib  # noqa: PLC0415 - see above
    from pathlib import Path  # noqa: PLC0415 - see above

    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"fieldgate {project['version']}"


app = App(
    name="fieldgate",
    help="One GraphQL endpoint for B2B products: permissions on every field, a Postgres schema per tenant.",
    help_format="markdown",
    help_epilogue="Example: `fieldgate dev`",
    version=_version,
    suppress_keyboard_interrupt=False,  # __main__ says how that ends
)

# Named and not imported: a command starts without loading what the others need.
for _name, (_module, _help) in COMMANDS.items():
    app.command(f"{_module}:app", name=_name, help=_help)
