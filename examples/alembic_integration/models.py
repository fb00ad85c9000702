"""The shop's own tables."""

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What Alembic compares the database with."""


class Order(Base):
    """Something that a customer bought; the ledger has the journal that booked it."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str] = mapped_column(sa.String(100))
    total: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2))
    journal_id: Mapped[int | None]  # no foreign key: the ledger's tables are not in this metadata
    placed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
