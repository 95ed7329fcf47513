//! An endpoint of the cabinet as data: where it is and what it needs. Routes are made from these
//! and from nothing else, so that the list the tests knock at is whole.

use altyn_app::access::user::Right;
use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{get, post};

use crate::state::Web;

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `GET` looks, `POST` acts and carries the form token.
    pub method: Method,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// Who may.
    pub needs: Needs,
}

/// Who may use an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody: it is how one gets in.
    Nothing,
    /// Whoever is signed in, about himself.
    Session,
    /// Whoever has the right in the project that it is about.
    Right(Right),
}

impl Endpoint {
    /// One that looks.
    pub const fn get(path: &'static str, needs: Needs) -> Self {
        Self { method: Method::GET, path, needs }
    }

    /// One that acts.
    pub const fn post(path: &'static str, needs: Needs) -> Self {
        Self { method: Method::POST, path, needs }
    }

    /// The route to its handler.
    pub fn serve<H, T>(&self, handler: H) -> Router<Web>
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        let method = if self.method == Method::POST { post(handler) } else { get(handler) };
        Router::new().route(self.path, method)
    }
}
