//! `altyn user`: who may sign in to the cabinet, and what each may do there. Passwords are made
//! here, shown once, and must be changed at the first sign-in.

use altyn_app::access::accounts::UserChange;
use altyn_app::access::audit::{Action as Audited, AuditEntry};
use altyn_app::access::roster;
use altyn_app::access::user::{Membership, Role, User};
use altyn_app::cabinet::Cabinet;
use altyn_domain::id::ProjectId;
use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{database, log, say};
use crate::config::Config;
use crate::node;

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
        #[command(flatten)]
        place: Place,
        /// What he may do.
        #[arg(long, default_value = "operator")]
        role: RoleArgument,
    },
    /// Give a role, in the place of the one he has there.
    Grant {
        /// To whom.
        login: String,
        #[command(flatten)]
        place: Place,
        /// What he may do.
        #[arg(long)]
        role: RoleArgument,
    },
    /// Take his role away.
    Revoke {
        /// From whom.
        login: String,
        #[command(flatten)]
        place: Place,
    },
    /// Give a new password, shown once; his sessions end.
    Reset {
        /// Whose.
        login: String,
        /// Take the second factor off as well: its device is lost.
        #[arg(long)]
        second_factor: bool,
    },
    /// He cannot sign in any more; his sessions end.
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

/// Where a role is.
#[derive(Args)]
struct Place {
    /// In this project; several may be named. Without it: everywhere.
    #[arg(long)]
    project: Vec<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArgument {
    Administrator,
    Operator,
    Finance,
    Support,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Administrator => Self::Administrator,
            RoleArgument::Operator => Self::Operator,
            RoleArgument::Finance => Self::Finance,
            RoleArgument::Support => Self::Support,
        }
    }
}

/// Does it.
pub async fn run(config: &Config, arguments: Arguments) -> Result<()> {
    let database = database::open(config).await?;
    let context = node::for_command(config, &database).await?;
    let cabinet = node::cabinet(&context, &database);
    drop(context);
    let done = act(&cabinet, arguments.action).await;
    drop(cabinet);
    database.close().await;
    done
}

async fn act(cabinet: &Cabinet, action: Action) -> Result<()> {
    match action {
        Action::Add { login, place, role } => add(cabinet, &login, &place, role.into()).await,
        Action::Grant { login, place, role } => {
            let user = find(cabinet, &login).await?;
            let places = places(cabinet, &place)?;
            let given = places.into_iter().map(|project| Membership { project, role: role.into() });
            // Of several roles in one place the last counts.
            let memberships = user.memberships.iter().copied().chain(given).collect();
            member(cabinet, user, memberships).await
        }
        Action::Revoke { login, place } => revoke(cabinet, &login, &place).await,
        Action::Reset { login, second_factor } => reset(cabinet, &login, second_factor).await,
        Action::Disable { login } => set_disabled(cabinet, &login, true).await,
        Action::Enable { login } => set_disabled(cabinet, &login, false).await,
        Action::List { json } => list(cabinet, json).await,
    }
}

async fn add(cabinet: &Cabinet, login: &str, place: &Place, role: Role) -> Result<()> {
    let login = folded(login)?;
    let places = places(cabinet, place)?.into_iter();
    let memberships = places.map(|project| Membership { project, role }).collect();
    let added = roster::add(cabinet, &login, memberships, entry()).await;
    let (user, password) = added.with_context(|| format!("user {login}"))?;
    let can = roster::described(&user.memberships);
    say(format!("user {login} was added as {can}"));
    say(format!("the password, shown this once: {}", password.expose()));
    Ok(())
}

async fn revoke(cabinet: &Cabinet, login: &str, place: &Place) -> Result<()> {
    let user = find(cabinet, login).await?;
    let places = places(cabinet, place)?;
    let stays = |membership: &Membership| !places.contains(&membership.project);
    let memberships: Vec<_> = user.memberships.iter().copied().filter(stays).collect();
    if memberships.len() == user.memberships.len() {
        bail!("user {} has no role there, only {}", user.login, can(&user));
    }
    member(cabinet, user, memberships).await
}

async fn member(cabinet: &Cabinet, user: User, memberships: Vec<Membership>) -> Result<()> {
    let user = change(cabinet, user, UserChange::Memberships(memberships)).await?;
    say(format!("user {} is {}", user.login, can(&user)));
    Ok(())
}

async fn reset(cabinet: &Cabinet, login: &str, second_factor: bool) -> Result<()> {
    let mut user = find(cabinet, login).await?;
    if second_factor {
        user = change(cabinet, user, UserChange::NoSecondFactor).await?;
    }
    let password = roster::reset(cabinet, &user, |_| true, entry()).await;
    let password = password.with_context(|| format!("user {}", user.login))?;
    say(format!("the new password, shown this once: {}", password.expose()));
    Ok(())
}

async fn set_disabled(cabinet: &Cabinet, login: &str, disabled: bool) -> Result<()> {
    let user = find(cabinet, login).await?;
    let user = change(cabinet, user, UserChange::Disabled(disabled)).await?;
    let word = if disabled { "cannot sign in any more" } else { "can sign in again" };
    say(format!("user {} {word}", user.login));
    Ok(())
}

async fn list(cabinet: &Cabinet, as_json: bool) -> Result<()> {
    let users = cabinet.access.users().await.context("cannot read the users")?;
    if as_json {
        let rows: Vec<_> = users.iter().map(described).collect();
        say(json!(rows));
        return Ok(());
    }
    if users.is_empty() {
        say("no users yet; add one with `altyn user add LOGIN --role administrator`");
    }
    for user in users {
        let state = if user.disabled { "disabled" } else { "active" };
        say(format!("{}\t{}\t{state}", user.login, can(&user)));
    }
    Ok(())
}

fn described(user: &User) -> serde_json::Value {
    let membership = |membership: &Membership| {
        json!({
            "project": membership.project.map(ProjectId::get),
            "role": membership.role.as_str(),
        })
    };
    json!({
        "login": user.login,
        "memberships": user.memberships.iter().map(membership).collect::<Vec<_>>(),
        "disabled": user.disabled,
        "must_change": user.must_change,
        "second_factor": user.second_factor.is_some(),
    })
}

async fn change(cabinet: &Cabinet, user: User, change: UserChange) -> Result<User> {
    let login = user.login.clone();
    let changed = roster::change(cabinet, user, change, entry()).await;
    changed.with_context(|| format!("user {login}"))
}

async fn find(cabinet: &Cabinet, login: &str) -> Result<User> {
    let login = folded(login)?;
    let found = cabinet.access.user_by_login(&login).await.context("cannot read the users")?;
    found.with_context(|| format!("there is no user {login}"))
}

fn folded(login: &str) -> Result<String> {
    let most = roster::LOGIN_MAX_CHARS;
    roster::fold_login(login)
        .ok_or_else(|| anyhow!("a login has 1 to {most} characters, none of them a space"))
}

fn places(cabinet: &Cabinet, place: &Place) -> Result<Vec<Option<ProjectId>>> {
    if place.project.is_empty() {
        return Ok(vec![None]);
    }
    let known = |number: &u32| {
        let project = ProjectId::new(*number).filter(|id| {
            let projects = &cabinet.context.projects;
            projects.get(*id).is_some()
        });
        project.map(Some).with_context(|| format!("there is no project {number}"))
    };
    place.project.iter().map(known).collect()
}

fn can(user: &User) -> String {
    roster::described(&user.memberships)
}

fn entry() -> AuditEntry {
    log::entry(Audited::ChangeUser, "")
}
