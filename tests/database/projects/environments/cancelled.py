"""Is async, and has its work cancelled under it."""

import asyncio
import os


async def main():
    asyncio.current_task().cancel(f"while connecting to {os.environ['DATABASE_URL']}")
    await asyncio.sleep(1)


asyncio.run(main())
