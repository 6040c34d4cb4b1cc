"""What is asked of Flow Service: datasets, flows, connections and runs as values; how it is sent is `client`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from urllib.parse import quote

from catalog.adobe.client import FlowClient
from catalog.adobe.kinds import DATA_LAKE
from catalog.adobe.model import BaseConnection, EligibleDataset, Flow, Run, SourceConnection, TargetConnection
from catalog.adobe.parse import (
    is_dataset_flow,
    parse_base_connection,
    parse_eligible,
    parse_flow,
    parse_run,
    parse_source_connection,
    parse_target_connection,
)
from catalog.adobe.shapes import AnswerError, Shape

Item = Mapping[str, object]

_FEW_FLOWS = 4
_DESTINATIONS = ("property", "inheritedAttributes.properties.isDestinationFlow==true")


def eligible_datasets(client: FlowClient) -> Iterator[EligibleDataset]:
    """Yield every dataset that may be exported."""
    params = [("outputType", "activationDatasets"), ("outputField", "datasets"), ("properties", "name,state")]
    for item in client.slices(f"/connectionSpecs/{DATA_LAKE}/configs", params):
        yield parse_eligible(item)


def dataset_flows(client: FlowClient) -> Iterator[Flow]:
    """Yield every dataflow that exports datasets, whatever its state."""
    for page in client.pages("/flows", [_DESTINATIONS]):
        for item in page.items:
            if is_dataset_flow(item):
                yield parse_flow(item)


def get_flow(client: FlowClient, flow_id: str) -> Flow:
    """Return one dataflow. Raises `NotFoundError` for one that is not there or may not be seen."""
    return parse_flow(client.one(f"/flows/{quote(flow_id, safe='')}"))


def get_source_connection(client: FlowClient, connection_id: str) -> SourceConnection:
    """Return what a flow exports."""
    return parse_source_connection(client.one(f"/sourceConnections/{quote(connection_id, safe='')}"))


def get_target_connection(client: FlowClient, connection_id: str) -> TargetConnection:
    """Return where a flow exports to."""
    return parse_target_connection(client.one(f"/targetConnections/{quote(connection_id, safe='')}"))


def get_base_connection(client: FlowClient, connection_id: str) -> BaseConnection:
    """Return how Adobe logs in there."""
    return parse_base_connection(client.one(f"/connections/{quote(connection_id, safe='')}"))


def source_connections(client: FlowClient) -> Iterator[SourceConnection]:
    """Yield every connection that exports datasets."""
    for item in _of_spec(client, "/sourceConnections", DATA_LAKE):
        yield parse_source_connection(item)


def target_connections(client: FlowClient, spec_id: str) -> Iterator[TargetConnection]:
    """Yield every connection to destinations of a kind, those for audiences among them."""
    for item in _of_spec(client, "/targetConnections", spec_id):
        yield parse_target_connection(item)


def base_connections(client: FlowClient, spec_id: str) -> Iterator[BaseConnection]:
    """Yield every login at destinations of a kind."""
    for item in _of_spec(client, "/connections", spec_id):
        yield parse_base_connection(item)


def remember_connections(client: FlowClient, flows: Collection[Flow]) -> None:
    """Fetch the connections of many flows by the page, so that each is there when it is asked for; of few none."""
    if len(flows) <= _FEW_FLOWS:
        return
    specs = {flow.kind.connection_spec for flow in flows if flow.kind}
    lists = [(path, spec_id) for path in ("/targetConnections", "/connections") for spec_id in sorted(specs)]
    for path, spec_id in [("/sourceConnections", DATA_LAKE), *lists]:
        for item in _of_spec(client, path, spec_id):
            if isinstance(identity := item.get("id"), str):
                client.remember(f"{path}/{quote(identity, safe='')}", item)


def _of_spec(client: FlowClient, path: str, spec_id: str) -> Iterator[Item]:
    for page in client.pages(path, [("property", f"connectionSpec.id=={spec_id}")]):
        for item in page.items:
            if Shape(item, path.strip("/")).inner("connectionSpec").text("id") == spec_id:
                yield item


def raw_runs(
    client: FlowClient, flow_id: str, *, limit: int | None = None, since: datetime | None = None
) -> tuple[Item, ...]:
    """Return the runs of a flow as Adobe tells them, those that began last first.

    At most `limit` of them; with `since` only those recorded after that moment.
    """
    params = [("property", f"flowId=={flow_id}")]
    if since is not None:
        params.append(("property", f"createdAt>{int(since.timestamp() * 1000)}"))
    found: list[Item] = []
    for page in client.pages("/runs", [*params, ("orderby", "-createdAt")]):
        found += [item for item in page.items if item.get("flowId") in (flow_id, None)]
        if limit is not None and len(found) >= limit and _is_newest_first(found):
            break
    found.sort(key=_created, reverse=True)
    return tuple(found[:limit])


def runs(
    client: FlowClient, flow_id: str, *, limit: int | None = None, since: datetime | None = None
) -> tuple[Run, ...]:
    """Return the runs of a flow as values, as `raw_runs` does."""
    return tuple(parse_run(item) for item in raw_runs(client, flow_id, limit=limit, since=since))


def _is_newest_first(items: list[Item]) -> bool:
    """Tell whether what came is in the order that was asked for: else the newest may be on any page."""
    created = [_created(item) for item in items]
    return created == sorted(created, reverse=True)


def _created(item: Item) -> int:
    with suppress(AnswerError):
        return Shape(item, "run").count("createdAt") or 0
    return 0
