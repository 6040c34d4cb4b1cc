"""A proxy on loopback that holds back every piece of an answer for as long as a distance would; not what is measured.

Run it as `python -m bench.delayed PORT SECONDS`; it says on stdout on which port it listens, and runs until ended.
A process of its own with one event loop, so that it is no brake on hundreds of connections.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

PIECE_BYTES = 1 << 16


async def serve(port: int, seconds: float) -> None:
    """Take connections until the process is ended."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        with suppress(OSError):
            await asyncio.gather(pass_on(reader, ours, 0.0), pass_on(theirs, writer, seconds))

    server = await asyncio.start_server(carry, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"delayed on {server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, seconds: float) -> None:
    """Pass on what comes, each piece so much later than it came, and the end."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def take() -> None:
        piece = b"-"
        while piece:
            try:
                piece = await source.read(PIECE_BYTES)
            except OSError:
                piece = b""
            waiting.put_nowait((loop.time() + seconds, piece))

    taking = loop.create_task(take())
    while True:
        due, piece = await waiting.get()
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        if not piece:
            break
        sink.write(piece)
        await sink.drain()
    await taking
    sink.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
