"""The document of `metrics`: the same families and samples as the text format; computes none."""

from __future__ import annotations

from typing import Any

from catalog.answers import moment
from catalog.metrics.families import registry_of
from catalog.metrics_values import Facts


def metrics_document(facts: Facts) -> dict[str, Any]:
    """Return the families with their samples, in the order of the text format."""
    families = [
        {
            "name": family.name,
            "help": family.documentation,
            "samples": [{"labels": dict(sample.labels), "value": sample.value} for sample in family.samples],
        }
        for family in registry_of(facts).collect()
    ]
    return {"schema": "landproof/metrics/1", "at": moment(facts.at), "metrics": families}
