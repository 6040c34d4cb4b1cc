"""Ask Adobe for the credentials of a landing zone, one request at a time, counted; not what they are used for.

Only ever a GET: the call that renews credentials would shut out everybody else who reads with them.
"""

from __future__ import annotations

import httpx

from verifier.backends.adobe_grant import BadGrantError, Grant, parse_grant
from verifier.backends.adobe_login import Login
from verifier.backends.adobe_refusal import Hints, UnauthorizedError, refused, said_by
from verifier.backends.adobe_session import AdobeSession
from verifier.backends.retry import retried
from verifier.errors import NetworkError

_CREDENTIALS = "/data/foundation/connectors/landingzone/credentials"
_WANTED = {"type": "dlz_destination"}
_ANSWER_SECONDS = 20.0
_HINTS = Hints(
    denied="the project needs the Experience Platform API, and a role that may view destinations in the sandbox",
    other="check org_id and the sandbox's name, as in dlz://prod/folder",
)


class AdobeClient:
    """The landing zone's credentials as one login gets them. `where` names the place in messages."""

    def __init__(self, login: Login, where: str) -> None:
        self._session = AdobeSession(login, f"{where}: asking Adobe for credentials")

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._session.requests

    def grant(self) -> Grant:
        """Return the credentials of the sandbox's landing zone as they are now. Raises `SourceError`."""
        try:
            return self._grant()
        except UnauthorizedError:
            self._session.forget_token()  # once more with another
            return self._grant()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _grant(self) -> Grant:
        session = self._session
        url = f"{session.login.platform_url}{_CREDENTIALS}"
        request = httpx.Request("GET", url, params=_WANTED, headers=session.headers())

        def attempt(seconds: float) -> Grant:
            answer = session.send(request, min(seconds, _ANSWER_SECONDS))
            if answer.status_code != 200:
                raise refused(answer, session.where, _HINTS)
            try:
                return parse_grant(said_by(answer))
            except BadGrantError as error:
                raise NetworkError(f"{session.where}: the answer is not what Adobe sends: {error}") from None

        return retried(attempt)
