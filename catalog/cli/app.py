"""The commands under one roof, and the one place where errors become words and an exit status."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from io import FileIO, TextIOWrapper
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.exceptions import Exit, TyperException

from catalog.exit_status import ExitStatus
from verifier.errors import LandproofError

_BROKEN_PIPE = 141
_COMPLETION = "_LANDPROOF_COMPLETE"

_MODULES = {
    "demo": "demo",
    "init": "setup",
    "scan": "scan",
    "check": "check",
    "nightly": "nightly",
    "accept": "accept",
    "waive": "waive",
    "metrics": "metrics",
    "copy": "copy",
    "datasets": "lookup",
    "snapshots": "lookup",
    "show": "lookup",
    "diff": "search",
    "history": "lookup",
    "find": "search",
    "restore": "restore",
    "drill": "drill",
    "rpo": "rpo",
    "retention": "retention",
    "hold": "hold",
    "audit": "audit",
    "ledger": "ledger",
    "keys": "keys",
    "adobe": "adobe",
    "catalog": "keeping",
    "sql": "sql",
    "doctor": "doctor",
    "serve": "serve",
    "tokens": "tokens",
}
"""The commands in the order of the help, and the module of each."""


def build_app(commands: Iterable[str] = _MODULES) -> typer.Typer:
    """Return the command line with these commands; only their modules are loaded, since some take long."""
    app = typer.Typer(
        name="landproof",
        help="Proof that your exports landed: verify and catalog Adobe Experience Platform dataset exports.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in dict.fromkeys(_MODULES[command] for command in commands):
        import_module(f"catalog.cli.{name}").register(app)
    return app


def _root(
    *, show_version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False
) -> None:
    if show_version:
        from catalog.version import version_line

        sys.stdout.write(version_line())
        raise Exit


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; no exception and no traceback reaches the user."""
    wants_json = "--json" in arguments or "--jsonl" in arguments
    _prepare_outputs(wants_json=wants_json)
    called = next((word for word in arguments if not word.startswith("-")), None)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        app = build_app([called] if called in _MODULES else _MODULES)
        words = list(arguments) or ["--help"]
        status = _call(app, words)
        sys.stdout.flush()
    except TyperException as error:
        return _tell_usage(error, called, wants_json=wants_json)
    except LandproofError as error:
        return _tell(error.message, error.hint, error.exit_status, wants_json=wants_json)
    except (KeyboardInterrupt, typer.Abort):
        return _tell("interrupted; what was finished is recorded", None, ExitStatus.INTERRUPTED, wants_json=wants_json)
    except BrokenPipeError:
        _drop_output()
        return _BROKEN_PIPE
    except OSError as error:
        _drop_output()
        what = f"{error.filename} cannot be used" if error.filename else "the answer cannot be written"
        reason = (error.strerror or type(error).__name__).lower()
        return _tell(f"{what}: {reason}", None, ExitStatus.NOT_LOOKED, wants_json=wants_json)
    except Exception as error:
        what = f"{type(error).__name__} in landproof itself, which is a mistake of the program"
        hint = "run with LANDPROOF_TRACEBACK=1 to see where, and report it"
        if os.environ.get("LANDPROOF_TRACEBACK"):
            raise
        return _tell(what, hint, ExitStatus.NOT_LOOKED, wants_json=wants_json)
    finally:
        signal.signal(signal.SIGTERM, before)
    return status if arguments else int(ExitStatus.USAGE)


def _call(app: typer.Typer, words: list[str]) -> int:
    """Call the command without typer's own endings, which swallow interrupts and readers that went away."""
    command = typer.main.get_command(app)
    if _COMPLETION in os.environ:
        command.main(words, prog_name=app.info.name)
    try:
        with command.make_context(app.info.name, words) as context:
            return int(command.invoke(context) or 0)
    except Exit as left:
        return left.exit_code


def _tell_usage(error: TyperException, called: str | None, *, wants_json: bool) -> int:
    """Say what was wrong with the words of a command; of a group without its command, what there is."""
    if error.format_message().startswith("Usage:") and not wants_json:
        sys.stderr.write(f"{error.format_message()}\n")
        return int(ExitStatus.USAGE)
    hint = f"see: landproof {called} --help" if called in _MODULES else "see: landproof --help"
    return _tell(_in_our_words(error), hint, ExitStatus.USAGE, wants_json=wants_json)


def _in_our_words(error: TyperException) -> str:
    message = error.format_message().replace("Value error, ", "").rstrip(".")
    return message[:1].lower() + message[1:]


def _prepare_outputs(*, wants_json: bool) -> None:
    """Make stdout and stderr take any text; documents are UTF-8 whatever the locale. A closed one swallows all."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, TextIOWrapper(FileIO(os.open(os.devnull, os.O_WRONLY), "w"), "utf-8"))
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8" if wants_json else None, errors="backslashreplace")


def _drop_output() -> None:
    """Send what is left in stdout's buffer to nowhere, since flushing it at the end would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _tell(message: str, hint: str | None, status: int, *, wants_json: bool) -> int:
    """Say what went wrong on stderr: as words, or as a document where documents were asked for."""
    if wants_json:
        error = {"message": message, "hint": hint, "exit_status": int(status)}
        sys.stderr.write(json.dumps({"schema": "landproof/error/1", "error": error}) + "\n")
    else:
        sys.stderr.write(f"landproof: {message}\n" + (f"hint: {hint}\n" if hint else ""))
    return int(status)
