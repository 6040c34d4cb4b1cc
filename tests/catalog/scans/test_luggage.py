"""What leaves this machine for a cluster: places with what stands for their secrets, never a secret itself."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from catalog.scans.luggage import pack
from catalog.settings.loading import Settings, load_settings
from catalog.targets import find_targets
from verifier.backends.references import Reference, resolved
from verifier.engine import Task
from verifier.errors import DeniedError, UsageError
from verifier.formats.base import Limits
from verifier.model import Depth, StoredFile

SECRET = "hush-hush"
DOCUMENT = """
[zones.one]
url = "s3://bucket-one/exports"
[zones.one.options]
key = "${STORE_KEY}"
secret = "file:secret.txt"
endpoint_url = "http://127.0.0.1:9000"
[zones.two]
url = "dlz://prod"
[zones.three]
url = "sftp://somebody@127.0.0.1/exports"
[zones.three.options]
password = "${STORE_KEY}"
port = "${PORT}"
[adobe]
client_id = "id"
client_secret = "${STORE_KEY}"
org_id = "org"
"""
ENVIRONMENT = {"STORE_KEY": SECRET, "PORT": "2222"}


def settings_of(folder: Path, text: str, **more: str) -> Settings:
    (folder / "secret.txt").write_text(f"{SECRET}\n")
    path = folder / "landproof.toml"
    path.write_text(text)
    return load_settings(path, {**ENVIRONMENT, **more})


def test_nothing_that_is_sent_holds_a_secret_and_the_workers_find_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, DOCUMENT)
    targets = find_targets([], settings, {})
    luggage = pack(targets, settings)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for target in targets:
        sent = luggage.packed(Task(target.location, StoredFile("a.parquet", 1), Depth.FULL, Limits()))
        assert SECRET.encode() not in pickle.dumps(sent)
        assert SECRET not in repr(sent.location.options)
        assert resolved(pickle.loads(pickle.dumps(sent.location))) == target.location


def test_a_secret_set_by_a_variable_of_its_own_is_found_under_that_name(tmp_path: Path) -> None:
    name = "LANDPROOF_ZONES__ONE__OPTIONS__SECRET"
    text = '[zones.one]\nurl = "s3://bucket-one"\n'
    settings = settings_of(tmp_path, text, **{name: SECRET})
    ((_, sent),) = pack(find_targets([], settings, {}), settings).locations
    assert sent.options["secret"] == Reference(f"${{{name}}}")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (
            '[zones.one]\nurl = "s3://bucket-one"\n[zones.one.options]\nsecret = "hush-hush"\n',
            "zones.one.options.secret",
        ),
        ('[zones.one]\nurl = "dlz://prod"\n[adobe]\nclient_secret = "hush-hush"\n', "adobe.client_secret"),
        ('[zones.one]\nurl = "https://acc.blob.core.windows.net/box?sig=hush-hush"\n', "zones.one.options.sas_token"),
    ],
)
def test_a_literal_secret_is_refused_by_its_place(tmp_path: Path, text: str, where: str) -> None:
    settings = settings_of(tmp_path, text)
    with pytest.raises(UsageError) as refused:
        pack(find_targets([], settings, {}), settings)
    assert where in refused.value.message
    assert SECRET not in f"{refused.value.message} {refused.value.hint}"


def test_a_signature_in_the_url_that_was_asked_for_is_refused() -> None:
    settings = load_settings(None, {})
    targets = find_targets(["https://acc.blob.core.windows.net/box?sig=hush-hush"], settings, {})
    with pytest.raises(UsageError, match="sas_token: a literal secret does not travel"):
        pack(targets, settings)


@pytest.mark.parametrize("text", ["${NOT_THERE}", "file:/no/such/file"])
def test_what_is_not_there_is_named(text: str) -> None:
    with pytest.raises(DeniedError, match=r"NOT_THERE|/no/such/file"):
        Reference(text).resolve({"OTHER": SECRET})
