"""Writes by SQLAlchemy and asyncpg over the poolers, by a URL as docs/migrations.md has it."""
import asyncio
import os
import ssl
import sys
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

parts = urlsplit(os.environ["WRITE_URL"])
user, addresses = parts.netloc.rsplit("@", 1)
hosts = "&".join(f"host={address}" for address in addresses.split(","))
context = ssl.create_default_context(cafile=parse_qs(parts.query)["sslrootcert"][0])


async def main():
    engine = create_async_engine(f"postgresql+asyncpg://{user}@{parts.path}?{hosts}", connect_args={"ssl": context, "timeout": 60}, pool_pre_ping=True)
    for n in range(int(sys.argv[1])):
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO alembic_item (name) VALUES (:name)"), {"name": f"item {n}"})
        print(n, flush=True)
    await engine.dispose()


asyncio.run(main())
