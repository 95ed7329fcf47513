//! SQLite and PostgreSQL behind one write path.
