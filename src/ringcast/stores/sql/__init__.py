"""The store port over SQLAlchemy: SQLite in a file, or PostgreSQL."""

from ringcast.stores.sql.store import SqlStore, SqlTransaction

__all__ = ["SqlStore", "SqlTransaction"]
