"""Drivers that misbehave, and how places and options of theirs are written; FTP itself is `test_fsspec_ftp`.

The driver here is a foreign one for as far as we know: it keeps files in memory and does what a test tells it to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from verifier.backends.base import Backend
from verifier.backends.fsspec_entries import entry_of
from verifier.backends.registry import open_backend, open_writer
from verifier.backends.urls import parse_location
from verifier.errors import ChangedError, DeniedError, NetworkError, NotFoundError, SourceError, UsageError
from verifier.model import StoredFile

DATA = bytes(range(256)) * 40_000
"""More than is asked for at once."""

Spoil = Callable[[Any], Any]
pytestmark = pytest.mark.usefixtures("short_waits")


class Foreign(MemoryFileSystem):
    """A driver for foreign://, whose answers pass through `spoils`, by the name of what was called, to their end."""

    protocol = "foreign"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    spoils: ClassVar[dict[str, Iterator[Spoil]]] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("foreign://")))

    def ls(self, path: str, detail: bool = True, **more: Any) -> Any:
        """List, once unless told to keep no listings, and as spoiled."""
        found = self.dircache[path] if path in self.dircache else super().ls(path, detail, **more)
        self.dircache[path] = found
        return self._spoiled("ls", found)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **more: Any) -> Any:
        """Read, as spoiled."""
        return self._spoiled("cat_file", super().cat_file(path, start, end, **more))

    def _spoiled(self, name: str, answer: Any) -> Any:
        return next(self.spoils.get(name, iter(())), lambda same: same)(answer)


@pytest.fixture
def driver() -> type[Foreign]:
    """The driver, with one file and nothing spoiled."""
    fsspec.register_implementation("foreign", Foreign, clobber=True)
    Foreign.store.clear()
    Foreign.pseudo_dirs[:] = [""]
    Foreign.spoils.clear()
    Foreign().pipe_file("/zone/folder/file", DATA)
    return Foreign


@pytest.fixture
def backend(driver: type[Foreign]) -> Iterator[Backend]:
    with closing(open_backend(parse_location("foreign://zone"))) as opened:
        yield opened


def listed(backend: Backend) -> list[StoredFile]:
    return [file for page in backend.list() for file in page]


def always(spoil: Spoil) -> Iterator[Spoil]:
    while True:
        yield spoil


def fails(error: Exception) -> Spoil:
    def spoil(_: Any) -> Any:
        raise error

    return spoil


def each(**facts: Any) -> Spoil:
    return lambda answer: [{**entry, **facts} for entry in answer]


def test_a_driver_that_registers_itself_is_listed_and_read(driver: type[Foreign], backend: Backend) -> None:
    driver().pipe_file("/zone/empty", b"")
    driver().makedirs("/zone/nothing/here")
    found = sorted(listed(backend), key=lambda file: file.path)
    assert found == [StoredFile("empty", 0), StoredFile("folder/file", len(DATA)), StoredFile("nothing/here/", 0)]
    source = backend.open(found[1])
    assert b"".join(source.stream()) == DATA
    assert source.read_range(5, len(DATA) - 5) == DATA[5:-5]
    assert b"".join(backend.open(found[0]).stream()) == b""
    assert (backend.now(), backend.access().beyond_reading) == (None, None)


def test_a_second_listing_is_not_the_first_one_kept(driver: type[Foreign], backend: Backend) -> None:
    first = listed(backend)
    driver().pipe_file("/zone/folder/new", b"x")
    assert len(listed(backend)) == len(first) + 1


@pytest.mark.parametrize("cut", [lambda got: got[:-1], lambda got: got[:1], lambda got: b"", fails(OSError("x"))])
def test_a_short_read_is_read_on_and_a_lasting_one_is_no_end(
    driver: type[Foreign], backend: Backend, cut: Spoil
) -> None:
    (file,) = listed(backend)
    driver.spoils["cat_file"] = iter([cut, cut])
    assert backend.open(file).read_range(10, 300_000) == DATA[10:300_000]
    driver.spoils["cat_file"] = iter([cut])
    assert b"".join(backend.open(file).stream()) == DATA
    driver.spoils["cat_file"] = always(cut)
    with pytest.raises(NetworkError):
        backend.open(file).read_range(0, 10)


@pytest.mark.parametrize("more", [lambda got: DATA, lambda got: got + b"x", lambda got: None, lambda got: "text"])
def test_what_is_no_such_range_is_not_taken_for_it(driver: type[Foreign], backend: Backend, more: Spoil) -> None:
    (file,) = listed(backend)
    driver.spoils["cat_file"] = always(more)
    with pytest.raises(SourceError):
        backend.open(file).read_range(10, 20)


def test_a_file_that_changes_while_it_is_read_has_changed(driver: type[Foreign], backend: Backend) -> None:
    (file,) = listed(backend)
    pieces = backend.open(file).stream()
    next(pieces)
    driver().pipe_file("/zone/folder/file", DATA + b"x")
    with pytest.raises(ChangedError):
        list(pieces)
    driver().rm_file("/zone/folder/file")
    with pytest.raises(ChangedError):
        backend.open(file).read_range(0, 10)


@pytest.mark.parametrize(
    "lie",
    [
        each(size=None),
        each(size="7"),
        each(size=-1),
        each(size=True),
        each(type=None),
        each(type="link"),
        each(name="/elsewhere/file"),
        each(name="/zone/folder/../file"),
        each(name="/zone/folder/below/file"),
        each(name="/zone/folderfile"),
        each(name="/zone/folder"),
        each(name=None),
        lambda answer: answer * 2,
        lambda answer: [entry["name"] for entry in answer],
        lambda answer: None,
        fails(ValueError("hidden")),
        fails(RecursionError("hidden")),
    ],
)
def test_a_listing_that_cannot_be_trusted_raises(driver: type[Foreign], backend: Backend, lie: Spoil) -> None:
    driver.spoils["ls"] = iter([lambda same: same, *[lie] * 9])
    with pytest.raises(SourceError) as caught:
        listed(backend)
    assert "foreign://zone/folder" in caught.value.message
    assert "hidden" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PermissionError("hidden"), DeniedError),
        (FileNotFoundError("hidden"), NetworkError),
        (ConnectionResetError("hidden"), NetworkError),
        (TimeoutError("hidden"), NetworkError),
        (RuntimeError("hidden"), NetworkError),
    ],
)
def test_a_folder_that_cannot_be_listed_is_never_left_out(
    driver: type[Foreign], backend: Backend, error: Exception, kind: type[SourceError]
) -> None:
    driver.spoils["ls"] = iter([lambda same: same, *[fails(error)] * 9])
    with pytest.raises(kind) as caught:
        listed(backend)
    assert "hidden" not in f"{caught.value}{caught.value.hint}"


def test_one_fault_in_a_listing_shows_only_in_the_requests(driver: type[Foreign], backend: Backend) -> None:
    driver.spoils["ls"] = iter([fails(OSError("x")), lambda same: same, fails(EOFError("x"))])
    assert [file.path for file in listed(backend)] == ["folder/file"]
    assert backend.requests == 4


def test_folders_that_never_end_are_an_error(driver: type[Foreign], backend: Backend) -> None:
    def deeper(at: str) -> Spoil:
        return lambda _: [{"name": f"{at}/d", "size": 0, "type": "directory"}]

    driver().makedirs("/zone" + "/d" * 300)
    driver.spoils["ls"] = iter([deeper("/zone" + "/d" * depth) for depth in range(300)])
    with pytest.raises(SourceError, match="folders inside each other"):
        listed(backend)


def test_a_file_or_nothing_in_place_of_the_root_is_said_to_be_it(driver: type[Foreign]) -> None:
    at_file = parse_location("foreign://zone/folder/file")
    with closing(open_backend(at_file)) as file, pytest.raises(SourceError, match="expected a folder, got a file"):
        listed(file)
    for path in ("none", "zone/none"):
        with closing(open_backend(parse_location(f"foreign://{path}"))) as nothing:
            for prefix in ("", "folder"):
                with pytest.raises(NotFoundError):
                    list(nothing.list(prefix))


_MOMENT = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"mtime": _MOMENT.timestamp()}, _MOMENT),
        ({"mtime": _MOMENT.astimezone(timezone(timedelta(hours=5)))}, _MOMENT),
        ({"LastModified": _MOMENT}, _MOMENT),
        ({"last_modified": "2026-11-01T12:30:00Z"}, _MOMENT),
        ({"modified": None, "modify": "20261101123000"}, _MOMENT),
        ({"modify": "20261101123000.250"}, _MOMENT + timedelta(milliseconds=250)),
        ({"modified": "2026-11-01T12:30:00"}, None),
        ({"modified": _MOMENT.replace(tzinfo=None)}, None),
        ({"modified": "yesterday"}, None),
        ({"mtime": float("inf")}, None),
        ({"mtime": float("nan")}, None),
        ({"modify": "20261399999999"}, None),
        ({"created": _MOMENT}, None),
    ],
)
def test_a_time_is_taken_where_it_is_sure_and_that_of_a_change(
    facts: dict[str, object], expected: datetime | None
) -> None:
    assert entry_of({"name": "x", "type": "file", "size": 1, **facts}, "here").modified_at == expected


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("FTP://Reader@Host.Example:21/exports/", "ftp://Reader@host.example/exports"),
        ("ftp://host:2121", "ftp://host:2121"),
        ("ftp://host/a b%20c/é", "ftp://host/a b%20c/é"),
        ("ftp://[2001:DB8::1]:2121/x", "ftp://[2001:db8::1]:2121/x"),
        ("hdfs://Node:8020/exports", "hdfs://node:8020/exports"),
        ("hdfs:///exports", "hdfs:///exports"),
        ("oss://Bucket/exports", "oss://Bucket/exports"),
        ("webdav://Host/exports", "webdav://host/exports"),
        ("memory://exports", "memory://exports"),
    ],
)
def test_a_place_has_one_name(text: str, canonical: str) -> None:
    location = parse_location(text, {"timeout": 3})
    assert (location.url, location.kind, location.options) == (canonical, "fsspec", {"timeout": 3})
    assert parse_location(canonical, kind="fsspec").url == canonical


@pytest.mark.parametrize(
    "text",
    [
        "ftp://reader:hidden@host/x",
        "ftp://:hidden@host/x",
        "ftp://host/x?token=hidden",
        "ftp://host/x?hidden",
        "ftp://host/x#hidden",
        "ftp://host/a/../hidden",
        "ftp://host//hidden",
        "ftp://host/hidden::zip",
        "ftp://",
        "ftp:///",
        "ftp://host/\udcff",
        "simplecache::ftp://hidden@host/x",
        "filecache::s3://hidden/x",
        "zip://*::ftp://host/hidden.zip",
        "zip://hidden",
        "tar://hidden",
        "reference://hidden",
        "dir://hidden",
        "generic://hidden",
        "cached://hidden",
        "local://hidden",
        "ssh://hidden/x",
        "data://hidden",
        "http://host.example",
        "nobody-knows://hidden",
    ],
)
def test_what_is_no_place_of_a_store_or_carries_a_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_location(text)
    assert "hidden" not in f"{caught.value}{caught.value.hint}"


def test_a_driver_that_is_not_installed_is_named_with_what_to_install() -> None:
    fsspec.register_implementation(
        "unheard-of", "no_such_package.Driver", errtxt="install no-such-package", clobber=True
    )
    with pytest.raises(UsageError, match="unheard-of:// is not installed") as caught:
        open_backend(parse_location("unheard-of://host/x"))
    assert caught.value.hint == "install no-such-package"
    fsspec.register_implementation("no-driver", "json.loads", clobber=True)
    with pytest.raises(UsageError, match="no-driver:// cannot be loaded: TypeError"):
        open_backend(parse_location("no-driver://host/x"))


@pytest.mark.parametrize(
    ("url", "options", "named"),
    [
        ("ftp://host/x", {"pasword": "hidden"}, "pasword"),
        ("ftp:///x", {"password": "hidden"}, "host"),
        ("ftp://host/x", {"host": "hidden"}, "host"),
        ("ftp://host:2121/x", {"port": 21}, "port"),
        ("ftp://reader@host/x", {"username": "hidden"}, "username"),
        ("memory://x", {"token": "hidden"}, "token"),
    ],
)
def test_options_that_a_driver_does_not_take_are_refused_without_their_values(
    url: str, options: dict[str, object], named: str
) -> None:
    with pytest.raises(UsageError, match=named) as caught:
        open_backend(parse_location(url, options))
    assert "hidden" not in f"{caught.value}{caught.value.hint}"


def test_nothing_is_written_by_a_driver_of_fsspec() -> None:
    with pytest.raises(UsageError, match="nothing can be copied to a store of kind fsspec"):
        open_writer(parse_location("ftp://host/x"))
