//! MQTT 3.1.1 between real peers: a broker, its clients, and this.
//!
//! ```sh
//! mosquitto -p 1883 &
//! cargo run --example mqtt -- check --broker 127.0.0.1:1883                        # a client: sends itself messages at every QoS
//! cargo run --example mqtt -- proxy --listen 127.0.0.1:1884 --broker 127.0.0.1:1883 # shows what others say to each other
//! mosquitto_sub -p 1884 -t news/# & mosquitto_pub -p 1884 -t news/today -m hello
//! ```
//!
//! The proxy decodes each packet, encodes it again, and demands the bytes that came. Its port may be 0: it says which one it has. With `--connections` it ends after so many.
//! Exits with 1 when something is not as it must be, with 2 when the arguments make no sense. `.ci/run mqtt` does all of this.

mod check;
mod link;
mod packet;
mod proxy;

use std::process::ExitCode;
use std::{env, io};

const USAGE: &str = "mqtt check --broker ADDRESS\nmqtt proxy --listen ADDRESS --broker ADDRESS [--connections NUMBER]";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some(outcome) = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mqtt: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the arguments say, if they make sense.
fn run(arguments: &[&str]) -> Option<io::Result<()>> {
    match arguments {
        ["check", "--broker", broker] => Some(check::check(broker)),
        ["proxy", "--listen", listen, "--broker", broker] => Some(proxy::proxy(listen, broker, usize::MAX)),
        ["proxy", "--listen", listen, "--broker", broker, "--connections", number] => {
            number.parse().ok().map(|connections| proxy::proxy(listen, broker, connections))
        }
        _ => None,
    }
}
