//! `altyn sign` and `altyn verify`: what a merchant's engineer needs when a signature fails.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use altyn_app::secret::Secret;
use altyn_web::api::ecommpay::sign::{SigningKey, canonical, sign as sign_tree, signature_of};
use altyn_web::api::ecommpay::{sign, tree};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;

use super::say;

/// Where the secret comes from; never an argument, which other users of the machine could see.
#[derive(Args)]
struct SecretSource {
    /// A file with the secret.
    #[arg(long)]
    secret_file: Option<PathBuf>,
    /// The environment variable with the secret.
    #[arg(long, default_value = "ALTYN_SECRET")]
    secret_env: String,
}

/// What to sign.
#[derive(Args)]
pub struct SignArguments {
    #[command(flatten)]
    secret: SecretSource,
    /// The JSON body; `-` or nothing reads standard input.
    body: Option<PathBuf>,
}

/// What to verify.
#[derive(Args)]
pub struct VerifyArguments {
    #[command(flatten)]
    secret: SecretSource,
    /// The signed JSON body; `-` or nothing reads standard input.
    body: Option<PathBuf>,
}

/// Prints the signature; the text that was signed goes first, so that it can be compared.
pub fn sign(arguments: &SignArguments) -> Result<()> {
    let key = key(&arguments.secret)?;
    let bytes = body(arguments.body.as_ref())?;
    let node = tree::parse(&bytes).map_err(|error| anyhow!("{error}"))?;
    say(format!("signed text: {}", canonical(&node)));
    say(format!("signature:   {}", sign_tree(&node, &key)));
    Ok(())
}

/// Says whether the signature in the body fits, and what was signed.
pub fn verify(arguments: &VerifyArguments) -> Result<ExitCode> {
    let key = key(&arguments.secret)?;
    let bytes = body(arguments.body.as_ref())?;
    let node = tree::parse(&bytes).map_err(|error| anyhow!("{error}"))?;
    say(format!("signed text: {}", canonical(&node)));
    let Some(signature) = signature_of(&node) else {
        bail!("the body has no signature: not in general, not in customer, not on top");
    };
    match sign::verify(&node, signature, &key) {
        Ok(order) => {
            say(format!("the signature fits (lines sorted in {order:?} order)"));
            Ok(ExitCode::SUCCESS)
        }
        Err(_) => {
            say("the signature does not fit");
            say(format!("expected:    {}", sign_tree(&node, &key)));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn key(source: &SecretSource) -> Result<SigningKey> {
    let text = match &source.secret_file {
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?,
        None => std::env::var(&source.secret_env).with_context(|| {
            format!("give --secret-file, or put the secret into {}", source.secret_env)
        })?,
    };
    let secret = Secret::new(text.trim_end_matches(['\r', '\n']));
    Ok(SigningKey::new(secret.expose()))
}

fn body(path: Option<&PathBuf>) -> Result<Vec<u8>> {
    match path.filter(|path| path.as_os_str() != "-") {
        Some(path) => {
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
        }
        None => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
            Ok(bytes)
        }
    }
}
