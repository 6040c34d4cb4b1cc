"""Who asks, and whether they may: tokens, sessions, a proxy's word; what is done for them is not decided here.

Every route declares `Viewer`, `Auditor`, `Operator` or `Changing(role)`; `guard_routes` refuses to start with one that
does not. Who is known without doing anything for it (session, proxy) shows a secret with all but GET and HEAD.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from hmac import new as keyed
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from catalog.service.access.arrivals import LOGIN, refuse_nobody
from catalog.service.access.proxies import Came, Proxies
from catalog.service.access.sessions import Session, Sessions
from catalog.service.access.throttle import Throttle
from catalog.service.access.tokens import Token, TokenFile
from catalog.service.responses.problems import Problem
from catalog.service.values import Caller, Role, Way
from catalog.settings.loading import Settings
from verifier.errors import SettingsError

COOKIE = "landproof_session"
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_FORM = "application/x-www-form-urlencoded"
"""The only kind that our pages send; no file is taken anywhere."""

PUBLIC = frozenset({"/healthz", "/readyz", "/static", LOGIN})
"""What nobody needs to be known for."""

Dependency = Callable[..., object]


class Access:
    """Access control of one service. `say` is told of logins and refusals, never of a token; nothing by default."""

    def __init__(
        self,
        settings: Settings,
        state: Path,
        clock: Callable[[], datetime],
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.service = settings.service
        self.proxies = Proxies(settings.service)
        self._tokens, self._clock, self._say = TokenFile(state), clock, say
        self._sessions = Sessions(timedelta(hours=settings.service.session_hours))
        self._throttle = Throttle()
        self._key = secrets.token_bytes(32)
        self._is_closed = False
        self._trouble = ""

    @property
    def is_open(self) -> bool:
        """Whether there is no access control: no tokens and no proxy that vouches; once there was, it stays."""
        self._is_closed = self._is_closed or self.proxies.vouch or self._known() is not None
        return not self._is_closed

    @property
    def has_tokens(self) -> bool:
        """Whether anybody can be let in by a token now."""
        now = self._clock()
        return any(one.state(now) == "active" for one in (self._known() or {}).values())

    def identify(self, request: Request) -> Caller | None:
        """Return who asks, None for nobody. Raises `Problem` for a token that is wrong, or where nobody can be known.

        A token in the header wins over a session, that over what a proxy says; what is wrong never falls back.
        """
        came: Came = request.state.came
        if came.is_doubtful:
            raise Problem(400, f"expected one name in {self.service.identity_header}, got none that can be read")
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            token = self._admitted(text.strip(), came)
            return Caller(token.name, token.role, Way.TOKEN)
        if session := self._session(request):
            token = (self._known() or {})[session.token_id]
            return Caller(token.name, token.role, Way.SESSION, session.csrf)
        if came.identity is not None:
            return self._vouched(came.identity)
        if self.is_open:
            return self._anybody(came)
        return None

    def stands(self, request: Request, caller: Caller) -> bool:
        """Tell whether a caller would still be let in as they were, for answers that go on for long."""
        try:
            return self.identify(request) == caller
        except Problem:
            return False

    def login(self, request: Request, text: str) -> str:
        """Begin a session by a token; return its secret, for the cookie. A session that the browser had ends.

        Raises `Problem`: 401 where the token is none that lets in, 429 where there were too many of those.
        """
        came: Came = request.state.came
        if wait := self._throttle.wait(came.client):
            raise _too_many(wait)
        token = self._admitted(text.strip(), came)
        self.logout(request)
        self._say(f"login: {token.name} ({token.role}, token {token.id}) from {came.client}")
        return self._sessions.begin(token.id, came.identity, self._clock())

    def logout(self, request: Request) -> None:
        """End the session of a browser, if it has one."""
        self._sessions.end(request.cookies.get(cookie_name(request), ""))

    def _admitted(self, text: str, came: Came) -> Token:
        token = self._found(text)
        state = token.state(self._clock()) if token else "not known"
        if token is not None and state == "active":
            return token
        if wait := self._throttle.fail(came.client):
            raise _too_many(wait)
        whose = f" of {token.name} ({token.id})" if token else ""
        self._say(f"refused: a token{whose} that is {state}, from {came.client}")
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise Problem(401, f"the token is {state}", "ask whoever runs this for a new one", headers=headers)

    def _session(self, request: Request) -> Session | None:
        """Return the session of a browser: while its token holds, and for the person only that the proxy named."""
        secret = request.cookies.get(cookie_name(request), "")
        session = self._sessions.find(secret, self._clock()) if secret else None
        if session is None:
            return None
        token = (self._known() or {}).get(session.token_id)
        is_right = token is not None and token.state(self._clock()) == "active"
        if is_right and session.identity == request.state.came.identity:
            return session
        self._sessions.end(secret)
        return None

    def _vouched(self, identity: str) -> Caller:
        role = self.proxies.role_of(identity)
        if role is None:
            hint = "whoever runs this can give one: roles, or default_role, of the table [service] of the settings"
            raise Problem(403, f"{identity} has no role here", hint)
        return Caller(identity, role, Way.PROXY, keyed(self._key, identity.encode(), sha256).hexdigest())

    def _anybody(self, came: Came) -> Caller:
        """Return who asks at a service that is open to its own machine, of which a proxy would make all the world's."""
        if came.is_forwarded:
            hint = "make a token with: landproof tokens new NAME --role viewer"
            raise Problem(
                403, "what a proxy passes on is answered only with access control, of which there is none", hint
            )
        return Caller("anybody on this machine", Role.AUDITOR, Way.OPEN)

    def _known(self) -> dict[str, Token] | None:
        try:
            return self._tokens.current()
        except SettingsError as error:
            raise self._broken(error) from error

    def _found(self, text: str) -> Token | None:
        try:
            return self._tokens.find(text)
        except SettingsError as error:
            raise self._broken(error) from error

    def _broken(self, error: SettingsError) -> Problem:
        """Nobody is let in where tokens cannot be read; why is for who runs this, and told them once."""
        self._is_closed = True
        if self._trouble != error.message:
            self._trouble = error.message
            self._say(error.message)
        return Problem(503, "the tokens of this service cannot be read", "its log says why")


def cookie_name(request: Request) -> str:
    """Return what the session's cookie is called: where it is secure, a name that no other host can set."""
    came: Came = request.state.came
    return f"__Host-{COOKIE}" if came.is_secure else COOKIE


def _too_many(wait: float) -> Problem:
    headers = {"Retry-After": str(int(wait) + 1)}
    return Problem(429, "too many wrong tokens", f"try again in {int(wait) + 1} s", headers=headers)


def admit(request: Request) -> Caller:
    """Find out who asks, once a request, and note it at `request.state.caller`. Raises `Problem` for nobody."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    access: Access = request.app.state.service.access
    caller = access.identify(request)
    if caller is None:
        raise refuse_nobody(request, has_tokens=access.has_tokens, is_vouched=access.proxies.vouch)
    request.state.caller = caller
    return caller


def is_public(path: str) -> bool:
    """Tell whether nobody need be known for an address."""
    return path in PUBLIC or path.startswith("/static/")


async def _require(request: Request, role: Role, *, is_changing: bool) -> Caller:
    caller = admit(request)
    if not caller.role.covers(role):
        raise Problem(403, f"this takes the role {role}, got {caller.role}", "ask whoever runs this for another token")
    if is_changing and not caller.may_change:
        hint = "make a token with: landproof tokens new NAME --role operator"
        raise Problem(403, "nothing is changed here for somebody whom nobody knows", hint)
    if caller.csrf is not None and request.method not in _SAFE:
        await _refuse_forged(request, caller.csrf)
    return caller


async def _refuse_forged(request: Request, expected: str) -> None:
    """A browser sends cookies with whatever any page makes it ask; only our own pages know the secret."""
    shown = request.headers.get(CSRF_HEADER, "")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not shown and kind == _FORM:
        field = (await request.form()).get(CSRF_FIELD)
        shown = field if isinstance(field, str) else ""
    if not compare_digest(shown.encode(), expected.encode()):
        hint = f"load the page again; a program sends its token as Authorization: Bearer, or {CSRF_HEADER}"
        raise Problem(403, "this did not come from a page of this service, or from one that is too old", hint)


def _needing(role: Role, *, is_changing: bool) -> Dependency:
    async def needs(request: Request) -> Caller:
        return await _require(request, role, is_changing=is_changing)

    return needs


needs_viewer, needs_auditor, needs_operator = (_needing(role, is_changing=False) for role in Role)
changes_as_viewer, changes_as_auditor, changes_as_operator = (_needing(role, is_changing=True) for role in Role)

_CHANGING = dict(zip(Role, (changes_as_viewer, changes_as_auditor, changes_as_operator), strict=True))
CHANGING_DEPENDENCIES = frozenset(_CHANGING.values())
DEPENDENCIES = frozenset({needs_viewer, needs_auditor, needs_operator}) | CHANGING_DEPENDENCIES
"""What a route must have one of."""

Viewer = Annotated[Caller, Depends(needs_viewer)]
Auditor = Annotated[Caller, Depends(needs_auditor)]
Operator = Annotated[Caller, Depends(needs_operator)]


def Changing(role: Role) -> Dependency:  # noqa: N802  # read beside Viewer, Auditor and Operator
    """Return the dependency of a route that changes something: `Annotated[Caller, Depends(Changing(role))]`."""
    return _CHANGING[role]


def guard_routes(app: FastAPI) -> None:
    """Refuse to start with a route that anybody may call, but for those that are meant to be.

    Raises RuntimeError that names the routes: without one of the dependencies above, or changing something by GET.
    """
    wrong = []
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        has = set(_calls(dependant)) if dependant else set()
        path, is_read = route.path or "", bool({"GET", "HEAD"} & (route.methods or set()))
        if (not has & DEPENDENCIES and path not in PUBLIC) or (is_read and has & CHANGING_DEPENDENCIES):
            wrong.append(f"{'/'.join(sorted(route.methods or ()))} {path}".strip())
    if wrong:
        raise RuntimeError(f"routes without the access control that they need: {', '.join(sorted(wrong))}")


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)
