//! Drills: the machine is lost and a copy of its database takes its place; a database of an older
//! version is brought up to date. With the server's own commands, and the database's.

mod backup;
mod upgrade;
