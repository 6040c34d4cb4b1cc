"""The six kinds of destination that take datasets, and the ids that Adobe has for them; not what each needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DATA_LAKE = "23598e46-f560-407b-88d5-ea6207e49db0"
"""The connection spec that every dataset comes from."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its name as in settings, how people call it, and the specs of its connections and of its dataflows."""

    name: str
    words: str
    connection_spec: str
    flow_spec: str


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("s3", "Amazon S3", "4fce964d-3f37-408f-9778-e597338a21ee", "269ba276-16fc-47db-92b0-c1049a3c131f"),
        Kind(
            "azure-blob", "Azure Blob", "6d6b59bf-fb58-4107-9064-4d246c0e5bb2", "95bd8965-fc8a-4119-b9c3-944c2c2df6d2"
        ),
        Kind(
            "adls-gen2",
            "Azure Data Lake Gen2",
            "be2c3209-53bc-47e7-ab25-145db8b873e1",
            "17be2013-2549-41ce-96e7-a70363bec293",
        ),
        Kind(
            "data-landing-zone",
            "Data Landing Zone",
            "10440537-2a7b-4583-ac39-ed38d4b848e8",
            "cd2fc47e-e838-4f38-a581-8fff2f99b63a",
        ),
        Kind(
            "gcs",
            "Google Cloud Storage",
            "c5d93acb-ea8b-4b14-8f53-02138444ae99",
            "585c15c4-6cbf-4126-8f87-e26bff78b657",
        ),
        Kind("sftp", "SFTP", "36965a81-b1c6-401b-99f8-22508f1e6a26", "354d6aad-4754-46e4-a576-1b384561c440"),
    )
}
"""By the name of each, which is that of a zone's kind."""

_BY_CONNECTION = {kind.connection_spec: kind for kind in KINDS.values()}
_BY_FLOW = {kind.flow_spec: kind for kind in KINDS.values()}


def kind_of_connection(spec_id: str | None) -> Kind | None:
    """Return the kind whose connections have this spec, None where it is none of the six."""
    return _BY_CONNECTION.get(spec_id or "")


def kind_of_flow(spec_id: str | None) -> Kind | None:
    """Return the kind whose dataset flows have this spec, None where it is none of the six."""
    return _BY_FLOW.get(spec_id or "")
