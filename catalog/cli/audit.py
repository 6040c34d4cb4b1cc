"""The commands of `audit`: evidence for somebody who trusts nobody; one module for each."""

from __future__ import annotations

from importlib import import_module

import typer

_MODULES: tuple[str, ...] = ("audit_report", "audit_bundle", "audit_verify", "audit_sample", "audit_selftest")
"""Modules of `catalog.cli`, each with a `register` that takes the group, in the order of the help."""


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(
        help="Evidence that an auditor can check without us.",
        no_args_is_help=True,
    )
    for name in _MODULES:
        import_module(f"catalog.cli.{name}").register(group)
    app.add_typer(group, name="audit")
