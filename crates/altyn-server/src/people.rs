//! What signing in needs of this process: passwords hashed off the threads that serve, and the
//! system's randomness.
//!
//! Guaranteed: at most [`AT_ONCE`] passwords are worked on at a time, so that knocking at the door
//! takes neither all memory nor all processors; a comparison without a hash takes as long as one
//! with it.

use std::sync::{Arc, OnceLock};

use altyn_app::ports::{PasswordError, Passwords, Randomness};
use altyn_app::secret::Secret;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use async_trait::async_trait;
use tokio::sync::Semaphore;

/// Passwords worked on at a time: each takes 19 MiB and some tens of milliseconds of a processor.
const AT_ONCE: usize = 2;

/// What is hashed to have something to compare with where there is no account.
const NOBODYS: &[u8] = b"nobody has this password";

/// Argon2id with the library's parameters, which are those that OWASP recommends.
#[derive(Debug)]
pub struct Argon2Passwords {
    room: Semaphore,
    nobodys: Arc<OnceLock<Secret>>,
}

impl Argon2Passwords {
    /// Ready to work.
    pub fn new() -> Self {
        Self { room: Semaphore::new(AT_ONCE), nobodys: Arc::default() }
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _room = self.room.acquire().await.map_err(failed)?;
        tokio::task::spawn_blocking(work).await.map_err(failed)?
    }
}

#[async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(&self, password: &Secret) -> Result<Secret, PasswordError> {
        let password = password.clone();
        self.work(move || hashed(password.expose().as_bytes())).await
    }

    async fn matches(
        &self,
        password: &Secret,
        hash: Option<&Secret>,
    ) -> Result<bool, PasswordError> {
        let (password, known) = (password.clone(), hash.cloned());
        let nobodys = Arc::clone(&self.nobodys);
        self.work(move || {
            let exists = known.is_some();
            let known = match known {
                Some(hash) => hash,
                None => nobodys_hash(&nobodys)?,
            };
            let known = phc::PasswordHash::new(known.expose()).map_err(failed)?;
            let same = Argon2::default().verify_password(password.expose().as_bytes(), &known);
            Ok(same.is_ok() && exists)
        })
        .await
    }
}

fn nobodys_hash(made: &OnceLock<Secret>) -> Result<Secret, PasswordError> {
    if let Some(hash) = made.get() {
        return Ok(hash.clone());
    }
    let hash = hashed(NOBODYS)?;
    Ok(made.get_or_init(|| hash).clone())
}

fn hashed(password: &[u8]) -> Result<Secret, PasswordError> {
    let hash = Argon2::default().hash_password(password).map_err(failed)?;
    Ok(Secret::new(hash.to_string()))
}

fn failed(error: impl std::fmt::Display) -> PasswordError {
    PasswordError(error.to_string())
}

/// The system's randomness.
#[derive(Debug)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PasswordError> {
        getrandom::fill(bytes).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_alone() {
        let passwords = Argon2Passwords::new();
        let own = Secret::new("пароль и ещё слово");
        let hash = passwords.hash(&own).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$"));
        assert_ne!(passwords.hash(&own).await.unwrap(), hash, "each has a salt of its own");
        assert!(passwords.matches(&own, Some(&hash)).await.unwrap());
        assert!(!passwords.matches(&Secret::new("пароль"), Some(&hash)).await.unwrap());
        let nobodys = Secret::new(String::from_utf8(NOBODYS.to_vec()).unwrap());
        assert!(!passwords.matches(&nobodys, None).await.unwrap());
        assert!(passwords.matches(&own, Some(&Secret::new("x"))).await.is_err());
    }
}
