"""What credentials for S3 allow beyond reading, found out without changing anything; not what reading needs."""

from __future__ import annotations

from uuid import uuid4

from verifier.backends.s3_client import Connection
from verifier.backends.s3_errors import code_of
from verifier.errors import DeniedError, NotFoundError, SourceError

_SECONDS = 20.0
_PARTS = {"Parts": [{"PartNumber": 1, "ETag": f'"{0:032x}"'}]}


def beyond_reading(connection: Connection, bucket: str, root: str) -> tuple[str, ...] | None:
    """Return ("write",) or () as the store answers one question; None where its answer does not tell.

    Asked for is the end of an upload that never began. It takes s3:PutObject, which is judged before the upload is
    looked for; and since no part of it exists and it is a POST, there is nothing that any server could store.
    """
    arguments = {"Key": f"{root}landproof-asks-{uuid4().hex}", "UploadId": uuid4().hex, "MultipartUpload": _PARTS}
    try:
        connection.call("complete_multipart_upload", f"s3://{bucket}: asking", _SECONDS, Bucket=bucket, **arguments)
    except DeniedError as error:
        return () if code_of(error) == "AccessDenied" else None
    except NotFoundError as error:
        return ("write",) if code_of(error) == "NoSuchUpload" else None
    except SourceError:
        return None
    return None
