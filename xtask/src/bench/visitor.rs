//! A person in the cabinet: signs in, opens pages, sends forms.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::now;
use super::page::escaped;
use super::processes::{Sent, exchange, send};

/// What a browser asks for.
const READS: &str = "accept: text/html\r\naccept-language: en\r\n";

/// Signed in at a server.
pub struct Visitor {
    address: SocketAddr,
    cookie: String,
}

impl Visitor {
    /// Signs in.
    pub fn enter(address: SocketAddr, login: &str, password: &str) -> Result<Self> {
        let visitor = Self { address, cookie: String::new() };
        let answer =
            visitor.post("/cabinet/sign-in", &[("login", login), ("password", password)])?;
        let cookies: Vec<&str> =
            answer.fields("set-cookie").filter_map(|cookie| cookie.split(';').next()).collect();
        ensure!(!cookies.is_empty(), "nobody was signed in");
        Ok(Self { address, cookie: cookies.join("; ") })
    }

    /// Opens a page: its text, and from the request to the last byte.
    pub fn open(&self, path: &str) -> Result<(String, Duration)> {
        let began = now();
        let sent = exchange(self.address, path, &format!("{READS}cookie: {}\r\n", self.cookie))?;
        let took = began.elapsed();
        Ok((String::from_utf8(sent.body).with_context(|| format!("{path} is no text"))?, took))
    }

    /// Sends a form of the page at `path`.
    pub fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Result<()> {
        let page = self.open(path)?.0;
        let token = values(&page, "name=\"token\" value=\"", '"').into_iter().next();
        let token = token.with_context(|| format!("{path} has no form"))?;
        self.post(path, &[fields, &[("token", token.as_str())]].concat()).map(drop)
    }

    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<Sent> {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let body = pairs.join("&");
        let (address, cookie, length) = (self.address, &self.cookie, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\n{READS}cookie: {cookie}\r\n\
             origin: http://{address}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let sent = send(address, &request)?;
        ensure!(sent.is(303), "{path}: {}", sent.head.lines().next().unwrap_or_default());
        Ok(sent)
    }
}

/// What stands after each `before` up to the next `end`.
pub fn values(page: &str, before: &str, end: char) -> Vec<String> {
    page.split(before)
        .skip(1)
        .filter_map(|rest| rest.split(end).next())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn values_end_where_they_end() {
        assert_eq!(values("<a x=\"1\"> <a x=\"\"> <b", "<a x=\"", '"'), ["1", ""]);
        assert!(values("", "x", 'y').is_empty());
    }
}
