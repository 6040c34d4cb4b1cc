"""Exports to each of the six kinds of destination as settings describe them, with made-up logins; not the server."""

from __future__ import annotations

from collections.abc import Mapping

SECRETS: Mapping[str, str] = {
    "EXPORT_KEY": "AKIA2345ABCDEFGHIJKL",
    "EXPORT_SECRET": "hush/hush+hush" * 2 + "hushhushhush",
    "EXPORT_CONNECTION": "DefaultEndpointsProtocol=https;AccountName=exports;AccountKey=hush-hush==",
    "EXPORT_PRINCIPAL": "hush-of-the-principal",
    "EXPORT_HMAC_ID": "GOOG1E" + "H" * 55,
    "EXPORT_HMAC": "hush+hush/" * 4,
    "EXPORT_PASSWORD": "hush of the server",
}
"""By the variables of the environment that hold them."""

EXPORTS: Mapping[str, str] = {
    "s3": """
bucket = "landing"
path = "exports"
connection = { s3AccessKey = "${EXPORT_KEY}", s3SecretKey = "${EXPORT_SECRET}" }
""",
    "azure-blob": """
container = "landing"
path = "exports"
connection = { connectionString = "${EXPORT_CONNECTION}" }
""",
    "adls-gen2": """
path = "exports"
[adobe.exports.connection]
url = "abfss://landing@exports.dfs.core.windows.net"
tenant = "a-tenant"
servicePrincipalId = "a-principal"
servicePrincipalKey = "${EXPORT_PRINCIPAL}"
""",
    "data-landing-zone": """
path = "exports"
""",
    "gcs": """
bucket = "landing"
path = "exports"
connection = { accessKeyId = "${EXPORT_HMAC_ID}", secretAccessKey = "${EXPORT_HMAC}" }
""",
    "sftp": """
remote_path = "/exports"
connection = { domain = "sftp.example.com", username = "adobe", port = 2222, password = "${EXPORT_PASSWORD}" }
""",
}
"""What a kind takes of place and login, as TOML; the login last."""


def export_toml(kind: str, *, name: str = "lake", datasets: tuple[str, ...], more: str = "") -> str:
    """Return an [[adobe.exports]] table; `more` are lines of it, or lines of its own that go before what is usual."""
    given = {line.partition("=")[0].strip() for line in more.splitlines()}
    usual = {
        "every": '"3h"',
        "starts_at": "2026-01-01T01:00:00Z",
        "ends_at": "2099-01-01T00:00:00Z",
        "manifest": "true",
    }
    lines = [f"{key} = {value}" for key, value in usual.items() if key not in given]
    listed = ", ".join(f'"{dataset}"' for dataset in datasets)
    head = ["[[adobe.exports]]", f'name = "{name}"', f'kind = "{kind}"', f"datasets = [{listed}]"]
    return "\n".join([*head, *lines, more, EXPORTS[kind].strip(), ""])
