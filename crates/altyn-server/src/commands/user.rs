//! `altyn user`: who may sign in to the cabinet. Passwords are made here, shown once, and must be
//! changed at the first sign-in.

use std::sync::Arc;

use altyn_app::ports::{Clock, Store};
use altyn_app::secret::Secret;
use altyn_app::users::{Role, User};
use anyhow::{Context as _, Result, anyhow, bail};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{database, say};
use crate::config::Config;
use crate::node::clock;

/// Bytes of randomness in a password that is made here: 80 bits, 16 characters.
const PASSWORD_BYTES: usize = 10;
/// The longest login, characters.
const LOGIN_MAX_CHARS: usize = 64;

/// What to do.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add a user; the password is made and shown once.
    Add {
        /// What he signs in with.
        login: String,
        /// What he may do.
        #[arg(long, default_value = "operator")]
        role: RoleArgument,
    },
    /// Give a new password, shown once.
    Reset {
        /// Whose.
        login: String,
    },
    /// He cannot sign in any more.
    Disable {
        /// Who.
        login: String,
    },
    /// He can sign in again.
    Enable {
        /// Who.
        login: String,
    },
    /// List users.
    List {
        /// One JSON document instead of text.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArgument {
    Administrator,
    Operator,
    Finance,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Administrator => Self::Administrator,
            RoleArgument::Operator => Self::Operator,
            RoleArgument::Finance => Self::Finance,
        }
    }
}

/// Does it.
pub async fn run(config: &Config, arguments: Arguments) -> Result<()> {
    let database = database::open(config).await?;
    let store = database.store();
    let done = match arguments.action {
        Action::Add { login, role } => add(&store, &login, role.into()).await,
        Action::Reset { login } => reset(&store, &login).await,
        Action::Disable { login } => set_disabled(&store, &login, true).await,
        Action::Enable { login } => set_disabled(&store, &login, false).await,
        Action::List { json } => list(&store, json).await,
    };
    drop(store);
    database.close().await;
    done
}

async fn add(store: &Arc<dyn Store>, login: &str, role: Role) -> Result<()> {
    let login = folded(login)?;
    let users = store.users().await.context("cannot read the users")?;
    if users.iter().any(|user| user.login == login) {
        bail!("there is a user {login}");
    }
    let password = random_password()?;
    let user = User {
        id: users.iter().map(|user| user.id).max().unwrap_or(0) + 1,
        login,
        password_hash: hashed(&password)?,
        role,
        disabled: false,
        must_change: true,
        created_at: clock().now(),
    };
    let shown = user.login.clone();
    store.put_user(user).await.context("the user was not written")?;
    say(format!("user {shown} was added as {}", role.as_str()));
    say(format!("the password, shown this once: {}", password.expose()));
    Ok(())
}

async fn reset(store: &Arc<dyn Store>, login: &str) -> Result<()> {
    let mut user = find(store, login).await?;
    let password = random_password()?;
    user.password_hash = hashed(&password)?;
    user.must_change = true;
    store.put_user(user).await.context("the user was not written")?;
    say(format!("the new password, shown this once: {}", password.expose()));
    Ok(())
}

async fn set_disabled(store: &Arc<dyn Store>, login: &str, disabled: bool) -> Result<()> {
    let mut user = find(store, login).await?;
    user.disabled = disabled;
    let word = if disabled { "cannot sign in any more" } else { "can sign in again" };
    let shown = user.login.clone();
    store.put_user(user).await.context("the user was not written")?;
    say(format!("user {shown} {word}"));
    Ok(())
}

async fn list(store: &Arc<dyn Store>, as_json: bool) -> Result<()> {
    let users = store.users().await.context("cannot read the users")?;
    if as_json {
        let rows: Vec<_> = users
            .iter()
            .map(|user| {
                json!({
                    "login": user.login,
                    "role": user.role.as_str(),
                    "disabled": user.disabled,
                    "must_change": user.must_change,
                })
            })
            .collect();
        say(json!(rows));
        return Ok(());
    }
    if users.is_empty() {
        say("no users yet; add one with `altyn user add LOGIN --role administrator`");
    }
    for user in users {
        let state = if user.disabled { "disabled" } else { "active" };
        say(format!("{}\t{}\t{state}", user.login, user.role.as_str()));
    }
    Ok(())
}

async fn find(store: &Arc<dyn Store>, login: &str) -> Result<User> {
    let login = folded(login)?;
    let users = store.users().await.context("cannot read the users")?;
    let found = users.into_iter().find(|user| user.login == login);
    found.with_context(|| format!("there is no user {login}"))
}

fn folded(login: &str) -> Result<String> {
    let login = login.trim().to_lowercase();
    let clean = !login.chars().any(|c| c.is_control() || c.is_whitespace());
    if login.is_empty() || login.chars().count() > LOGIN_MAX_CHARS || !clean {
        bail!("a login has 1 to {LOGIN_MAX_CHARS} characters, none of them a space");
    }
    Ok(login)
}

fn random_password() -> Result<Secret> {
    let mut bytes = [0_u8; PASSWORD_BYTES];
    getrandom::fill(&mut bytes).context("the system gives no randomness")?;
    Ok(Secret::new(data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase()))
}

fn hashed(password: &Secret) -> Result<Secret> {
    let hash = Argon2::default()
        .hash_password(password.expose().as_bytes())
        .map_err(|error| anyhow!("the password could not be hashed: {error}"))?;
    Ok(Secret::new(hash.to_string()))
}
