"""A Telegram bot that migrates before it listens, and answers /status with where the schema is."""

import asyncio
import logging
import os

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.filters import Command
from aiogram.types import Message
from sqlalchemy.ext.asyncio import create_async_engine

from revgate import MigrationError, MigrationRunner, __version_schema__

logger = logging.getLogger("bot")
engine = create_async_engine(os.environ["DATABASE_URL"], pool_pre_ping=True)
probe = MigrationRunner(engine, connect_wait=0)  # seconds: whoever asks for /status must not wait for a server
dispatcher = Dispatcher()


@dispatcher.startup()
async def migrate() -> None:
    """Migrate, or do not listen: an exception here ends the bot before it asks Telegram for anything."""
    runner = MigrationRunner(engine)
    await runner.upgrade_to_head()
    logger.info("Schema is at %s", await runner.get_current_version())


@dispatcher.message(Command("status"))
async def status(message: Message) -> None:
    """Answer with the schema's version and what is pending."""
    try:
        seen = await probe.inspect()
    except MigrationError as error:
        logger.warning("Status is unknown: %s", error)
        await message.answer("The database could not be asked")
        return
    await message.answer(
        f"Schema: {', '.join(seen.heads) or 'none'}\nExpected: {__version_schema__}\nPending: {len(seen.pending)}"
    )


def telegram() -> AiohttpSession:
    """Go to api.telegram.org, or to a Bot API server of your own."""
    server = os.environ.get("TELEGRAM_API_SERVER")
    return AiohttpSession(api=TelegramAPIServer.from_base(server) if server else PRODUCTION)


async def main() -> None:
    """Poll until SIGTERM; the connections are closed however it ends."""
    logging.basicConfig(level=logging.INFO)
    try:
        await dispatcher.start_polling(Bot(os.environ["BOT_TOKEN"], session=telegram()))
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
