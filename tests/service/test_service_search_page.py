"""The Search page: what `find` finds, marked, a page of each kind at a time; whatever is typed is only text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from support.service import Served, serving
from support.zones import ALPHA, BETA, Zone, days_before

from catalog.questions.inquiry import Inquiry
from catalog.service.views import search
from catalog.service.views.search import SearchQuestion
from catalog.settings.loading import load_settings
from catalog.store.database import Catalog
from fixtures.content import TIME, json_part
from verifier.findings import REGISTER

Document = dict[str, Any]
HOSTILE = "<script>alert(1)"
EXPORTS = 25


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """A dataset of many exports, one that has the bytes of its first again, and one that is called like a script."""
    zone = Zone(tmp_path_factory.mktemp("searched"))
    zone.settings(
        f'[[datasets]]\nzone = "zone"\nid = "{BETA}"\nname = "100 % of <b>Web</b>_events"\nevery = "24h"\n'
        'starts_at = "2026-09-20T01:00:00Z"\n'
    )
    folder = zone.exports(EXPORTS, ALPHA)[0]
    zone.export(BETA, files={json_part(0): zone.file(folder).read_bytes()})
    zone.export(HOSTILE)
    zone.scan()
    return zone


@pytest.fixture(scope="module")
def served(zone: Zone) -> Iterator[Served]:
    """A service over it."""
    with serving(zone.config) as running:
        yield running


def found(of: Zone, text: str, **asked: Any) -> Document:
    asker = Inquiry(load_settings(of.config, {}), Catalog(of.catalog))
    return search.search(asker, SearchQuestion(text=text, **asked))


def page(served: Served, text: str, **headers: str) -> str:
    answer = served.get(f"/search?q={quote(text)}", Accept="text/html", **headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def sha256(zone: Zone) -> str:
    return hashlib.sha256(zone.file(f"{BETA}/exportTime={TIME}").read_bytes()).hexdigest()


class TestWhatIsFound:
    @pytest.mark.parametrize("text", [ALPHA, "web", TIME, "part-0000", "%", "_", "nothing-like-it"])
    def test_is_what_the_command_finds(self, zone: Zone, text: str) -> None:
        document = found(zone, text)
        assert document["found"] == zone.run("find", text, "--limit", 20).document
        assert document["text"] == text

    def test_of_more_of_a_kind_nothing_is_left_out_or_twice(self, zone: Zone) -> None:
        pages = [found(zone, ALPHA, kind="snapshots", offset=offset)["found"] for offset in (0, 20)]
        ids = [one["id"] for page in pages for one in page["snapshots"]]
        assert sorted(ids) == [f"zone/{ALPHA}/{time}" for time in days_before(TIME, EXPORTS)]
        assert all(page["files"] == page["datasets"] == [] for page in pages)

    def test_a_digest_tells_every_place_of_its_bytes(self, zone: Zone) -> None:
        wanted = sha256(zone)
        places = zone.run("sql", f"SELECT snapshot FROM files WHERE sha256 = '{wanted}' ORDER BY 1").document["rows"]
        document = found(zone, wanted[:12].upper())
        assert sorted(one["snapshot_id"] for one in document["found"]["files"]) == [place for (place,) in places]
        assert len(places) > 1
        assert document["contents"][0]["sha256"] == wanted
        assert document["contents"][0]["files"] == len(places)

    def test_codes_of_findings_are_found_by_a_part_of_their_name(self, zone: Zone) -> None:
        codes = [one["code"] for one in found(zone, "Corrupt-")["codes"]]
        assert codes == [code for code in REGISTER if "corrupt-" in code] != []

    def test_nothing_is_looked_for_where_nothing_is_said(self, zone: Zone) -> None:
        assert found(zone, "  ")["found"] is None

    @pytest.mark.parametrize(
        "text", ["' OR 1=1 --", '"; DROP TABLE snapshot; --', "\ud800", "\u202e", "x" * 500, "((("]
    )
    def test_whatever_is_typed_is_only_text(self, zone: Zone, text: str) -> None:
        document = found(zone, text)["found"]
        assert document["datasets"] == document["snapshots"] == document["files"] == []
        assert found(zone, ALPHA)["found"]["datasets"]


class TestThePage:
    def test_marks_what_matched(self, served: Served) -> None:
        assert "<mark>Web</mark>" in page(served, "web")
        assert f"<mark>{ALPHA}</mark>" in page(served, ALPHA)

    def test_shows_names_as_text(self, served: Served) -> None:
        text = page(served, "of <b>")
        assert "<mark>of &lt;b&gt;</mark>Web&lt;/b&gt;_events" in text
        assert "<b>Web" not in text

    def test_shows_ids_that_look_like_markup_as_text(self, served: Served) -> None:
        for wanted in ("script", "alert(1)", HOSTILE):
            assert "<script>alert" not in page(served, wanted)
        assert "<mark>&lt;script&gt;alert(1)</mark>" in page(served, HOSTILE)

    def test_the_whole_id_of_a_snapshot_leads_to_it(self, served: Served) -> None:
        answer = served.get(f"/search?q=zone/{ALPHA}/{TIME}", Accept="text/html")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/snapshots/zone/{ALPHA}/{TIME}")
        assert served.get(f"/search?q=zone/{ALPHA}/{TIME[:-1]}", Accept="text/html").status_code == 200

    def test_somebody_who_still_types_is_led_nowhere_and_gets_only_what_changes(self, served: Served) -> None:
        text = page(served, f"zone/{ALPHA}/{TIME}", **{"HX-Request": "true"})
        assert "<html" not in text
        assert TIME in text

    def test_what_is_in_nearly_everything_is_not_looked_for_while_somebody_types(self, served: Served) -> None:
        assert "What can be looked for" in page(served, "64", **{"HX-Request": "true"})
        assert "<mark>64</mark>" in page(served, "64")

    def test_says_how_to_search_and_what_was_looked_through(self, served: Served) -> None:
        assert "What can be looked for" in served.get("/search", Accept="text/html").text
        text = page(served, "<i>nothing</i>")
        assert "Nothing found" in text
        assert "<i>nothing" not in text

    def test_has_a_twin(self, served: Served) -> None:
        document = served.document(f"/search?q={ALPHA}")
        assert document["schema"] == "landproof/search/1"
        assert len(document["found"]["snapshots"]) == 20
        assert document["found"]["more"]["snapshots"] == EXPORTS - 20

    @pytest.mark.parametrize(
        "query", ["q=a%00b", "q=%ff%fe", "offset=-1", "offset=99999999", "kind=x", f"q={'x' * 600}"]
    )
    def test_what_cannot_be_looked_for_is_refused_or_not_found(self, served: Served, query: str) -> None:
        assert served.get(f"/search?{query}", Accept="text/html").status_code in (200, 400)
        assert served.document("/search?q=web")["found"]["datasets"]
