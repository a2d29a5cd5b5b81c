"""Whether the server behind a URL is a standby, by asyncpg."""

import asyncio
import sys

import asyncpg


async def main(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=20)
    print("t" if await connection.fetchval("SELECT pg_is_in_recovery()") else "f")
    await connection.close()


asyncio.run(main(sys.argv[1]))
