"""The HTTP session below an S3 client, which holds no answer larger than any of S3's in memory; not what they mean."""

from __future__ import annotations

from typing import Any

from aiobotocore.httpsession import AIOHTTPSession

from verifier.backends.s3_errors import OversizeError

GREATEST_ANSWER_BYTES = 64 << 20
"""A page of a thousand keys, each of 1024 bytes and escaped, is below 8 MiB."""


class BoundedSession(AIOHTTPSession):  # type: ignore[misc]  # its package has no types
    """Reads answers that are not streamed up to a limit, then gives them up."""

    async def send(self, request: Any) -> Any:
        """Send one request; raises `OversizeError` besides what its base does."""
        is_streamed, request.stream_output = request.stream_output, True
        answer = await super().send(request)
        if not is_streamed or answer.status_code >= 300:
            answer._content = await _read(answer.raw)
        return answer


async def _read(raw: Any) -> bytes:
    pieces, size = [], 0
    try:
        async for piece in raw.content.iter_any():
            size += len(piece)
            if size > GREATEST_ANSWER_BYTES:
                raise OversizeError
            pieces.append(piece)
    except BaseException:
        raw.close()
        raise
    return b"".join(pieces)
