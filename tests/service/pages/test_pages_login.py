"""Logging in by a browser: the form, what it refuses, what each role sees, and the ends of a session."""

from __future__ import annotations

from playwright.sync_api import expect
from support.browser import Open
from support.landproof import landproof
from support.processes import until
from support.service import Served, new_token, serving
from support.years import Years


def test_whoever_comes_without_a_session_logs_in_and_gets_where_they_wanted(opened: Open, served_years: Served) -> None:
    window = opened(served_years)
    page = window.open("/findings?level=error")
    assert page.url == f"{served_years.url}/login?next=/findings%3Flevel%3Derror"
    assert window.barriers() == []
    window.picture_everywhere("login")
    page.get_by_label("Token", exact=True).fill(served_years.token("viewer"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/findings?level=error")
    cookie = next(one for one in window.context.cookies() if "landproof" in one["name"])
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    assert window.context.cookies() == []


def test_a_wrong_token_is_refused_on_the_form_and_too_many_are_made_to_wait(own_years: Years, opened: Open) -> None:
    with serving(own_years.config, roles=("viewer",)) as served:
        served.expect("landproof: refused: ")
        window = opened(served)
        window.statuses |= {401, 429}
        page = window.open("/login")
        said: list[str] = []
        for number in range(12):
            page.get_by_label("Token", exact=True).fill(f"lp_wrong{number}_{'x' * 43}")
            page.get_by_role("button", name="Log in").click()
            page.wait_for_load_state()
            said.append(page.get_by_role("alert").inner_text())
            if said[-1] != said[0]:
                break
        assert len(said) > 2
        assert said[-1] != said[0]
        assert window.barriers() == []
        window.picture("login-throttled")
        assert "lp_wrong" not in page.content()


def test_a_session_ends_with_its_token(own_years: Years, opened: Open) -> None:
    with serving(own_years.config, roles=("viewer", "auditor")) as served:
        window = opened(served)
        window.log_in(served.token("viewer"), "/search?q=Orders")
        assert landproof("tokens", "revoke", "viewer", "--config", served.config).status == 0
        served.expect("landproof: refused: ")
        assert until(lambda: served.get("/api/v1/datasets", "viewer").status_code == 401, 5)
        window.open("/search?q=Orders")
        assert "/login" in window.page.url


def test_with_the_first_token_nobody_comes_in_without_one(own_years: Years, opened: Open) -> None:
    with serving(own_years.config) as served:
        window = opened(served)
        page = window.open("/search?q=Orders")
        expect(page.locator("header.top")).to_contain_text("read only")
        new_token(served.config, "viewer", "first")
        assert until(lambda: served.get("/api/v1/datasets").status_code == 401, 5)
        window.open("/search?q=Orders")
        assert "/login" in window.page.url
