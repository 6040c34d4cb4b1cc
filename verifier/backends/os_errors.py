"""The operating system's errors sorted into ours; not those of any network protocol."""

from __future__ import annotations

import errno

from verifier.errors import DeniedError, NetworkError, NotFoundError, SourceError

_LASTING = {errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP}


def translate_os_error(error: OSError, where: str) -> SourceError:
    """Return the error of ours that an OSError means: denied, not found, lasting, or else a passing (network) fault."""
    message = f"{where}: {(error.strerror or type(error).__name__).lower()}"
    if isinstance(error, PermissionError):
        return DeniedError(message, hint="check who may read it, and the folders above it, with: ls -ld")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return NotFoundError(message)
    return SourceError(message) if error.errno in _LASTING else NetworkError(message)
