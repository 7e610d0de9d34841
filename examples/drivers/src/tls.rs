//! TLS in mid-stream: the filter that both sides push after an upgrade. No driver knows of it.

use std::error::Error;
use std::sync::{Arc, OnceLock};

use framewright::conn::{Filter, Tls};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use crate::protocol::Side;

struct Configs {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// Makes the filter of one side. The certificate is made when it is first asked for, and trusted by the clients of this process alone.
///
/// # Panics
/// When no certificate can be made.
#[must_use]
pub fn secure(side: Side) -> Box<dyn Filter> {
    static CONFIGS: OnceLock<Configs> = OnceLock::new();
    let Configs { server, client, name } = CONFIGS.get_or_init(|| configs().expect("a certificate can be made"));
    Box::new(match side {
        Side::Server => Tls::new(ServerConnection::new(server.clone()).expect("the configuration is complete")),
        Side::Client => Tls::new(ClientConnection::new(client.clone(), name.clone()).expect("the configuration is complete")),
    })
}

fn configs() -> Result<Configs, Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone())?;
    Ok(Configs {
        server: Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key)?),
        client: Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()),
        name: ServerName::try_from("localhost")?,
    })
}
