"""A report as page, PDF, table and document: the same numbers in all, and nothing that a hostile name can do.

GOLDEN=write writes the golden files anew.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.report_rows import HOSTILE, WEB, Bundle, Export, dataset, month

from catalog.evidence.contents import Contents
from catalog.evidence.report.csv import COLUMNS, report_csv
from catalog.evidence.report.document import report_document, report_of
from catalog.evidence.report.html import report_html
from catalog.evidence.report.pdf import report_pdf
from catalog.evidence.report.sheet import latin, wrapped
from catalog.evidence.report.values import Report
from catalog.evidence.report.words import length, share, size, visible

GOLDEN = Path(__file__).parents[2] / "golden" / "reports"
VOID = {"meta", "br", "link", "img", "input", "hr"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return report_of(Contents(month().write(tmp_path_factory.mktemp("month"))))


class Page(HTMLParser):
    """A page taken apart: tags with attributes, texts; raises where what is opened is not closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def pdf_text(data: bytes) -> str:
    """Return what a PDF writes, page by page, by its own streams."""
    texts = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            page = zlib.decompress(stream)
        except zlib.error:
            continue
        texts += [t.decode("latin-1") for t in re.findall(rb"\((.*?)(?<!\\)\) Tj", page, re.DOTALL)]
    return "\n".join(re.sub(r"\\([()\\])", r"\1", t) for t in texts)


@pytest.mark.parametrize("form", ["html", "csv", "json"])
def test_a_month_reads_as_it_always_did(told: Report, form: str) -> None:
    made = {"html": report_html, "csv": report_csv, "json": lambda r: json.dumps(report_document(r), indent=1) + "\n"}
    golden, text = GOLDEN / f"month.{form}", made[form](told)
    if os.environ.get("GOLDEN") == "write":
        golden.write_bytes(text.encode("utf-8"))
    assert text == golden.read_bytes().decode("utf-8")


def test_the_page_is_whole_and_asks_for_nothing_from_elsewhere(told: Report) -> None:
    page = Page(report_html(told))
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "form"}
    assert not [a for _, attrs in page.tags for a in attrs if a in ("src", "srcset", "style") or a.startswith("on")]
    assert all((a["href"] or "").startswith("#") for t, a in page.tags if t == "a")
    style = next(t for t in page.texts if "@page" in t)
    assert "url(" not in style
    assert "@import" not in style
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for t, a in page.tags if t == "a"} <= set(ids)


def test_the_page_can_be_read_aloud(told: Report) -> None:
    page = Page(report_html(told))
    tables = sum(t == "table" for t, _ in page.tags)
    assert tables == sum(t == "caption" for t, _ in page.tags) > 10
    assert all(a.get("scope") in ("col", "row") for t, a in page.tags if t == "th")
    signs = [a for t, a in page.tags if t == "td" and a.get("class") in ("f", "b", "q")]
    assert len(signs) == 60
    assert all(a["aria-label"] for a in signs)
    assert next(a for t, a in page.tags if t == "html")["lang"] == "en"


def test_hostile_names_are_text_and_hide_nothing(told: Report) -> None:
    text = report_html(told)
    assert "<script" not in text
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; &amp; Zoë&lt;U+202E&gt;evil&lt;U+0000&gt; 注文 =1+1" in text
    assert not set(text) & set("\u202e\x00")


@pytest.mark.parametrize("name", ["{{ 7*7 }}", "'\"><td onclick=x>", "</table></style>", "=cmd()", "\ud800a", "a\r\nb"])
def test_names_that_look_like_something_else_stay_names(tmp_path: Path, name: str) -> None:
    bundle = Bundle()
    safe = name.encode("utf-8", "backslashreplace").decode()
    bundle.datasets = [{"zone": "cja", "id": WEB, "name": safe}]
    dataset(bundle, "cja", WEB, [bundle.since], {bundle.since: Export("missing", None, reason=safe)})
    told = report_of(Contents(bundle.write(tmp_path)))
    assert visible(safe) in "".join(Page(report_html(told)).texts)
    assert latin(safe).split(" ")[0] in pdf_text(report_pdf(told))
    rows = list(csv.DictReader(io.StringIO(report_csv(told), newline="")))
    shown = {r["name"] for r in rows if r["name"]}
    assert shown == {f"'{visible(safe)}" if safe.startswith("=") else visible(safe)}


def test_the_table_has_every_figure_and_every_exception_and_no_formula(told: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(report_csv(told), newline="")))
    assert tuple(rows[0]) == COLUMNS
    figures = {r["item"]: r["value"] for r in rows if r["section"] == "figure"}
    assert figures == {f.key: "" if f.value is None else str(f.value) for f in told.figures}
    assert sum(r["section"] == "exception" for r in rows) == len(told.exceptions)
    assert not [value for row in rows for value in row.values() if value.startswith(("=", "+", "-", "@", "\t"))]
    assert sum(int(r["value"]) for r in rows if r["section"] == "month") == told.figure("slots.proved").value


def test_the_pdf_is_the_same_twice_and_says_the_key_numbers(told: Report) -> None:
    data = report_pdf(told)
    assert data == report_pdf(told)
    assert data.startswith(b"%PDF-1.")
    assert b"/CreationDate (D:20261001000000Z" in data
    text = pdf_text(data)
    assert "80 of 90 exports that were due (88.8 %) came on time, are good, and had every byte read." in text
    for figure in told.figures:
        assert f"\n{figure.key}\n" in text
    assert "........M.V..L.K.C.S.PP..?..X." in text
    assert "<U+6CE8><U+6587>" in text
    assert "What this does not prove" in text
    pages = len(re.findall(rb"/Type /Page\b(?!s)", data))
    assert f"{pages} / " in text


def test_a_pdf_of_no_datasets_and_one_of_endless_texts_are_made(tmp_path: Path, told: Report) -> None:
    empty = report_of(Contents(Bundle(signer=None).write(tmp_path)))
    assert "No export was due in this period." in pdf_text(report_pdf(empty))
    assert "No export was due in this period." in report_html(empty)
    endless = replace(told.exceptions[0], what="zzword " * 4000, closure="x" * 20_000)
    text = pdf_text(report_pdf(replace(told, exceptions=(endless,))))
    assert text.count("zzword") == 4000
    assert text.count("x") >= 20_000


def test_what_latin_lacks_is_written_as_its_number() -> None:
    assert latin("Zoë — “a”…") == 'Zoë - "a"...'
    assert latin("注\u202e\x00\n") == "<U+6CE8><U+202E><U+0000><U+000A>"
    assert visible(HOSTILE).endswith("注文 =1+1")


def test_lines_are_no_wider_than_they_may_be_and_lose_nothing() -> None:
    lines = wrapped("one two " + "m" * 90, 30, 7)
    assert "".join(lines).replace(" ", "") == "onetwo" + "m" * 90
    assert len(lines) > 3


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "-"),
        (0, "0s"),
        (350, "0.35s"),
        (4_500, "4.5s"),
        (59_999, "60s"),
        (250_000, "4m 10s"),
        (129_600_000, "36h"),
        (184_800_000, "51h 20m"),
        (1_047_600_000, "12d 3h"),
    ],
)
def test_lengths_are_written_in_two_units(ms: int | None, text: str) -> None:
    assert length(ms) == text


def test_shares_are_rounded_down_and_sizes_to_three_digits() -> None:
    assert [share(*p) for p in ((0, 0), (1, 1), (999_999, 1_000_000), (1, 3))] == ["-", "100 %", "99.9 %", "33.3 %"]
    assert [size(n) for n in (0, 999, 1000, 258_000, 1_234_567_890)] == [
        "0 bytes",
        "999 bytes",
        "1 kB",
        "258 kB",
        "1.23 GB",
    ]
