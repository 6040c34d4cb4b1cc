"""Whatever happens in whatever order: told once when it turns, once when it is over, nothing lost, nothing twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.noticing import AT, condition
from support.telling import IDS, Teller

from catalog.judging.notice_values import Condition, Conditions, Ending, Notice
from catalog.judging.notices import turns
from catalog.notify.message import Message

ABOUTS = ("a", "b", "c")
HOW = ("missing", "corrupt", "vanished", "late", "good", "waived", "unknown")
CODES = {"missing": "schedule.missing", "corrupt": "gzip.corrupt", "vanished": "file.vanished", "late": "schedule.late"}
Nights = list[dict[str, str]]

histories: st.SearchStrategy[Nights] = st.lists(
    st.fixed_dictionaries({about: st.sampled_from(HOW) for about in ABOUTS}), max_size=12
)


def now(seen: dict[str, str]) -> Conditions:
    opened: dict[str, Condition] = {}
    ended: dict[str, Ending] = {}
    for about, how in seen.items():
        if how in CODES:
            opened[about] = condition(about, CODES[how], passes=how == "late")
        elif how != "unknown":
            ended[about] = Ending(how, AT, is_quiet=how == "waived")
    return Conditions(opened, ended)


def live(nights: Nights) -> list[list[Notice]]:
    """Return the notices of each night, of which the next knows the last of each thing."""
    last: dict[str, Notice] = {}
    noticed = []
    for number, seen in enumerate(nights):
        turned = turns(last, now(seen), f"run-{number}", AT + number * timedelta(days=1))
        noticed.append([turn.notice for turn in turned])
        last.update((notice.about, notice) for notice in noticed[-1])
    return noticed


@given(histories)
def test_over_follows_open_and_only_that(nights: Nights) -> None:
    is_open = dict.fromkeys(ABOUTS, False)
    for notice in (n for night in live(nights) for n in night):
        assert notice.is_open or is_open[notice.about]
        is_open[notice.about] = notice.is_open


@given(histories)
def test_a_turn_is_noticed_the_night_it_is_seen_and_what_stands_never(nights: Nights) -> None:
    known = dict.fromkeys(ABOUTS, "good")
    for seen, noticed in zip(nights, live(nights), strict=True):
        opened = {n.about: n.code for n in noticed if n.is_open}
        for about, how in seen.items():
            turned = how in CODES and how != known[about]
            assert opened.get(about) == (CODES[how] if turned else None)
            known[about] = known[about] if how == "unknown" else how if how in CODES else _over(known[about])


def _over(known: str) -> str:
    """A late export stays known as told, since that it was late cannot be over."""
    return "late" if known == "late" else "good"


@given(histories)
def test_nothing_that_nobody_looked_at_turns(nights: Nights) -> None:
    blind = [dict.fromkeys(ABOUTS, "unknown") for _ in nights]
    assert not any(live([*nights, *blind])[len(nights) :])


@given(histories)
def test_the_same_night_again_is_silent(nights: Nights) -> None:
    doubled = [night for night in nights for _ in range(2)]
    assert not any(live(doubled)[1::2])


@given(histories)
def test_no_notice_has_the_name_of_another(nights: Nights) -> None:
    names = Counter(n.notice_id for night in live(nights) for n in night)
    assert set(names.values()) <= {1}


slots = st.fixed_dictionaries({key: st.sampled_from(("missing", "late", "good", "unknown")) for key in IDS})
outages = st.tuples(slots, st.booleans(), st.booleans())


@settings(max_examples=4)
@given(nights=st.lists(outages, min_size=2, max_size=4))
def test_outages_of_channels_lose_and_double_nothing(
    nights: list[tuple[dict[str, str], bool, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    urls = ("json://127.0.0.1:9/one", "json://127.0.0.1:9/two")
    channels = (
        '[notify]\nname = "all"\nurls = ["{}"]\n[[notify.channels]]\nname = "bad"\nlevel = "error"\nurls = ["{}"]\n'
    )
    watch = Teller(tmp_path_factory.mktemp("told"), channels.format(*urls))
    sent: Counter[str] = Counter()
    for seen, *up in [*nights, ({}, True, True)]:
        reachable = {url for url, is_up in zip(urls, up, strict=True) if is_up}

        def send(url: str, _: Message, reachable: set[str] = reachable) -> str | None:
            sent[url] += url in reachable
            return None if url in reachable else "down"

        watch.night(seen, send=send)
    with watch.catalog.read() as connection:
        left = connection.execute("SELECT sum(undelivered) FROM notices").fetchall()
        twice = connection.execute(
            "SELECT count(*) FROM delivery WHERE state = 'sent' GROUP BY notice_id, channel HAVING count(*) > 1"
        ).fetchall()
        messages = connection.execute(
            "SELECT count(DISTINCT (channel, happened_at)) FROM delivery WHERE state = 'sent'"
        )
        assert (left in ([(0,)], [(None,)]), twice) == (True, [])
        assert messages.fetchall() == [(sum(sent.values()),)]
