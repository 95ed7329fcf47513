//! The payer of `--auto`: opens what a redirect callback names, presses the page's button, and is
//! sent back to the shop.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use url::Url;

use super::forms;
use super::http::{Answer, Http};

/// Redirects followed from one address.
const HOPS_MAX: usize = 5;

/// A payer with an HTTP client.
#[derive(Clone)]
pub struct Browser {
    http: Http,
}

/// What the payer did and where it ended.
pub struct Journey {
    /// The page of the provider.
    pub opened: String,
    /// The button that was pressed there.
    pub pressed: String,
    /// The page of the shop in the end.
    pub landed: Url,
}

struct Page {
    url: Url,
    html: String,
    refresh: Option<String>,
}

impl Browser {
    /// A browser that has been nowhere yet.
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    /// Goes where `redirect_data` of a callback says, presses, and comes back.
    pub async fn pay(&self, redirect: &Value) -> Result<Journey> {
        let page = self.open(redirect).await?;
        let form = forms::first(&page.html)
            .with_context(|| format!("the page at {} has no button to press", page.url))?;
        let action = page.url.join(&form.action).context("the form leads nowhere")?;
        let result = self.land(action.clone(), self.http.post_form(action.as_str(), &form.fields));
        let result = result.await?;
        let back = result
            .refresh
            .as_deref()
            .and_then(|refresh| refresh.split_once("url="))
            .map(|(_, url)| url.to_owned())
            .with_context(|| format!("the page at {} does not lead back", result.url))?;
        let back = result.url.join(&back).context("the way back leads nowhere")?;
        let shop = self.land(back.clone(), self.http.get(back.as_str())).await?;
        Ok(Journey { opened: page.url.into(), pressed: form.button, landed: shop.url })
    }

    async fn open(&self, redirect: &Value) -> Result<Page> {
        let fields = fields(redirect);
        let mut url = address(redirect)?;
        match redirect.get("method").and_then(Value::as_str) {
            Some("GET") => {
                url.query_pairs_mut().extend_pairs(&fields);
                self.land(url.clone(), self.http.get(url.as_str())).await
            }
            Some("POST") => {
                self.land(url.clone(), self.http.post_form(url.as_str(), &fields)).await
            }
            Some(_) | None => bail!("redirect_data.method is neither GET nor POST"),
        }
    }

    /// Follows redirects until there is a page.
    async fn land(
        &self,
        mut url: Url,
        asked: impl Future<Output = Result<Answer>>,
    ) -> Result<Page> {
        let mut answer = asked.await?;
        for _ in 0..HOPS_MAX {
            match (answer.status, &answer.location) {
                (300..400, Some(location)) => {
                    url = url.join(location).context("a redirect leads nowhere")?;
                    answer = self.http.get(url.as_str()).await?;
                }
                (200, _) => {
                    let html = String::from_utf8_lossy(&answer.body).into_owned();
                    return Ok(Page { url, html, refresh: answer.refresh });
                }
                (status, _) => bail!("{url} answered a browser with HTTP {status}"),
            }
        }
        bail!("{url} sends a browser on and on")
    }
}

fn address(redirect: &Value) -> Result<Url> {
    let url = redirect.get("url").and_then(Value::as_str);
    let url = url.context("the callback has no redirect_data.url")?;
    Url::parse(url).with_context(|| format!("redirect_data.url is no address: {url}"))
}

fn fields(redirect: &Value) -> Vec<(String, String)> {
    let body = redirect.get("body").and_then(Value::as_object);
    body.into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}
