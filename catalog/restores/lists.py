"""A plan as a list of files for rclone and azcopy, with the command that takes it; runs neither."""

from __future__ import annotations

import shlex

from catalog.restores.plan import RestorePlan
from catalog.restores.texts import Written, azure_parts, cannot_read, place, refuse_line_breaks, root_of


def paths(plan: RestorePlan) -> Written:
    """Return the URL of every file, one a line."""
    return Written("".join(f"{f.url}\n" for f in plan.files))


def rclone_list(plan: RestorePlan) -> Written:
    """Return the list for `rclone --files-from-raw`: paths below the zone's root, one a line.

    Raises `UsageError` where the files lie at several places or a path holds a line break.
    """
    if not plan.files:
        return Written("")
    root = root_of(plan, "rclone")
    refuse_line_breaks(plan.files)
    scheme, rest = place(root)
    if scheme == "file":
        source = shlex.quote(rest)
    elif scheme == "abfss":
        container, _, path = azure_parts(root)
        source = f"REMOTE:{shlex.quote(container + path)}"
    elif scheme in ("sftp", "ftp"):
        source = f"REMOTE:{shlex.quote('/' + rest.partition('/')[2])}"
    else:
        source = f"REMOTE:{shlex.quote(rest)}"
    command = f"rclone copy --files-from-raw LIST --immutable {source} TARGET"
    listed = dict.fromkeys(f.stored.path for f in plan.files)
    return Written("".join(f"{path}\n" for path in listed), (f"write this to LIST, then: {command}",))


def azcopy_list(plan: RestorePlan) -> Written:
    """Return the list for `azcopy --list-of-files`: paths below the zone's root, one a line.

    Raises `UsageError` where azcopy cannot read the place, the files lie at several or a path holds a line break.
    """
    if not plan.files:
        return Written("")
    root = root_of(plan, "azcopy")
    refuse_line_breaks(plan.files)
    scheme, rest = place(root)
    if scheme == "file":
        source = shlex.quote(rest)
    elif scheme == "abfss":
        container, host, path = azure_parts(root)
        source = shlex.quote(f"https://{host}/{container}{path}")
    else:
        raise cannot_read("azcopy", root)
    command = f"azcopy copy {source} TARGET --list-of-files LIST --overwrite=false --check-length"
    listed = dict.fromkeys(f.stored.path for f in plan.files)
    return Written("".join(f"{path}\n" for path in listed), (f"write this to LIST, then: {command}",))
