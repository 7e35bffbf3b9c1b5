"""Serves tapes over HTTP until its input ends, and says where: `python -m support.tape_server`.

A process of its own, so that what it holds can be measured from outside.
"""

from __future__ import annotations

import asyncio
import sys

from avrorpc import Server

from support.tapes import ScriptedTapes


async def main() -> None:
    """Serve."""
    async with Server([ScriptedTapes()], mode="production") as server:
        print(await server.listen("http://127.0.0.1:0"), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
