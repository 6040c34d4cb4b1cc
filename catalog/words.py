"""Numbers, sizes and moments as people read them; pure text."""

from __future__ import annotations


def shown(text: str) -> str:
    """Write a name or a message on one line, with whatever would steer a terminal escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def size(count: int | None) -> str:
    """Write bytes as people read them."""
    if count is None:
        return "-"
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def when(text: str | None) -> str:
    """Write a document's moment to the minute."""
    return "-" if text is None else f"{text[:16].replace('T', ' ')}Z"


def number(value: int | None) -> str:
    """Write a count with its thousands apart."""
    return "-" if value is None else f"{value:,}".replace(",", " ")


def plural(count: int, word: str) -> str:
    """Write a count and its word."""
    return f"{number(count)} {word}" if count == 1 else f"{number(count)} {word}s"


def seconds(value: float) -> str:
    """Write how long something takes."""
    if value < 100:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
