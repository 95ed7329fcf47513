//! Unguessable identifiers without a failure path after the start.
//!
//! A secret is drawn once; each id is HMAC-SHA256(secret, counter). A restart draws a new secret,
//! so ids of a reloaded state are not repeated.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::SandboxError;
use crate::sign;

/// The generator; one per sandbox.
pub(crate) struct Ids {
    secret: [u8; 32],
    counter: AtomicU64,
}

impl Ids {
    /// Draws the secret.
    pub(crate) fn new() -> Result<Self, SandboxError> {
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret).map_err(|e| SandboxError::Random(e.to_string()))?;
        Ok(Self { secret, counter: AtomicU64::new(0) })
    }

    fn draw(&self) -> String {
        let n = self.counter.fetch_add(1, Ordering::Relaxed);
        sign::hmac_sha256_lower(&self.secret, &n.to_be_bytes())
    }

    /// 36 characters shaped like a version 4 UUID: `orderId` = `mdOrder`.
    pub(crate) fn uuid(&self) -> String {
        let hex = self.draw();
        let mut out = String::with_capacity(36);
        for (i, c) in hex.chars().take(32).enumerate() {
            if matches!(i, 8 | 12 | 16 | 20) {
                out.push('-');
            }
            out.push(match i {
                12 => '4',
                16 => 'a',
                _ => c,
            });
        }
        out
    }

    /// A token of `len` lower-case hex characters, at most 64.
    pub(crate) fn token(&self, len: usize) -> String {
        self.draw().chars().take(len).collect()
    }

    /// So many decimal digits, at most 18.
    pub(crate) fn digits(&self, len: u32) -> String {
        let n = self.draw().bytes().fold(0_u64, |a, b| a.wrapping_mul(131).wrapping_add(b.into()));
        let width = usize::try_from(len).unwrap_or_default();
        format!("{:0width$}", n % 10_u64.pow(len))
    }
}
