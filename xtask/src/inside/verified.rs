//! A server of the product's own router whose store says yes at once: a sale is parsed, verified,
//! decided, made into rows and answered, and no database is asked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use altyn_app::cabinet::Cabinet;
use altyn_app::context::Context;
use altyn_app::ports::{PasswordError, Passwords, Randomness};
use altyn_app::secret::Secret;
use altyn_store::sqlite::SqliteStore;
use altyn_web::admission::Admission;
use altyn_web::metrics::Metrics;
use altyn_web::payment_page;
use altyn_web::state::{Calls, Faces, Web, WebSettings};
use anyhow::Result;
use async_trait::async_trait;
use axum::Router;
use clap::Args;

use super::kept::Nodding;
use super::rig::{self, Time};
use super::store_loop;

/// Where to serve.
#[derive(Args)]
pub struct Options {
    #[arg(long)]
    listen: SocketAddr,
    /// Where the project is kept.
    #[arg(long)]
    file: PathBuf,
}

/// Serves until it is killed.
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (store, writer) = rig::sqlite(&options.file)?;
        tokio::task::spawn_blocking(move || store_loop::write(writer));
        let nodding = Arc::new(Nodding(store.clone()));
        let context = rig::context(nodding, rig::ids(Time::Real), Time::Real).await?;
        super::serve(options.listen, router(context, &store)?).await
    })
}

/// The product's router over a context; the cabinet is there and nobody can enter it.
pub fn router(context: Context, store: &SqliteStore) -> Result<Router> {
    let store = Arc::new(store.clone());
    let cabinet = Cabinet {
        context: context.clone(),
        access: Arc::clone(&store) as _,
        listing: Arc::clone(&store) as _,
        exports: store,
        passwords: Arc::new(Nobody),
        randomness: Arc::new(Nobody),
        on_export: Arc::new(|| {}),
    };
    Ok(altyn_web::router(Web::new(Faces {
        context,
        // As many as any measurement has connections: nothing is put off here.
        admission: Admission::new(ROOM),
        settings: Arc::new(WebSettings::default()),
        metrics: Arc::new(Metrics::new(1)),
        calls: Calls::default(),
        pages: Arc::new(rig::page_tokens()?),
        codes: Arc::new(rig::refusal_codes()?),
        streams: payment_page::room_for_news(),
        cabinet,
        questions: payment_page::room_for_questions(),
    })))
}

/// Requests at once.
const ROOM: u32 = 4_096;

/// Has no password.
struct Nobody;

fn nobody() -> PasswordError {
    PasswordError("nobody signs in here".to_owned())
}

#[async_trait]
impl Passwords for Nobody {
    async fn hash(&self, _password: &Secret) -> Result<Secret, PasswordError> {
        Err(nobody())
    }

    async fn matches(
        &self,
        _password: &Secret,
        _hash: Option<&Secret>,
    ) -> Result<bool, PasswordError> {
        Err(nobody())
    }
}

impl Randomness for Nobody {
    fn fill(&self, _bytes: &mut [u8]) -> Result<(), PasswordError> {
        Err(nobody())
    }
}
