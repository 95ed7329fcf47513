//! What every handler is given.

use std::sync::Arc;

use altyn_app::context::Context;

use crate::metrics::Metrics;

/// Settings of the faces.
#[derive(Clone, Debug, Default)]
pub struct WebSettings {
    /// Tell the sender of a wrong signature which text was signed here; test projects only.
    pub developer_errors: bool,
}

/// The state of the web: cheap to clone.
#[derive(Clone)]
pub struct Web {
    /// The use cases' ports.
    pub context: Context,
    /// Settings of the faces.
    pub settings: Arc<WebSettings>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}
