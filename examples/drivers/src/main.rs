//! Drives one protocol and one application by every driver, over real sockets, and compares what the clients hear with what they hear without I/O.
//!
//! ```sh
//! cargo run --release --manifest-path examples/drivers/Cargo.toml            # about a minute
//! cargo run --release --manifest-path examples/drivers/Cargo.toml -- --quick # for CI
//! ```

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use framewright::Time;
use framewright::conn::Conn;
use framewright_drivers::app::{Client, Clock, Hash, Secure, Server, connection};
use framewright_drivers::protocol::{Post, Side};
use framewright_drivers::{blocking, memory, mio, threads, tls, tokio, uring};

type Failure = Box<dyn Error + Send + Sync>;

const CONNECTIONS: usize = 16;
const WORKERS: usize = 8;
const SEEDS: [u64; 2] = [1, 2];
/// Nothing here waits for ever; this is for what is broken.
const AT_MOST: Duration = Duration::from_secs(300);

/// How a server is driven.
#[derive(Clone, Copy)]
enum Driver {
    Blocking,
    Workers,
    Threads,
    Mio,
    Tokio,
    Uring,
}

/// The drivers, and whether their connections are upgraded to TLS behind the first answer.
const DRIVERS: [(&str, Driver, Option<Secure>); 8] = [
    ("blocking", Driver::Blocking, None),
    ("blocking, workers", Driver::Workers, None),
    ("blocking, TLS", Driver::Blocking, Some(tls::secure)),
    ("threads", Driver::Threads, None),
    ("mio", Driver::Mio, None),
    ("tokio", Driver::Tokio, None),
    ("tokio, TLS", Driver::Tokio, Some(tls::secure)),
    ("io_uring", Driver::Uring, None),
];

/// What the clients of a driver heard, over all seeds.
#[derive(Default)]
struct Tally {
    hash: Hash,
    took: Duration,
    latencies: Vec<u64>,
    copied: u64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    thread::spawn(|| {
        thread::sleep(AT_MOST);
        eprintln!("not done after {AT_MOST:?}");
        process::exit(2);
    });
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["worker"] => blocking::work(CONNECTIONS / WORKERS, server).map(|()| true).map_err(Failure::from),
        ["--quick"] => compare(2_000),
        [] => compare(100_000),
        _ => Err("--quick, or nothing".into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every driver with so many requests, and prints a table. Tells whether all clients heard the same.
fn compare(requests: usize) -> Result<bool, Failure> {
    println!("driver             connections  messages  messages/s   p50 ms   p99 ms  bytes copied  hash");
    let expected = run(requests, None, in_memory)?;
    print("in memory", requests, &expected);
    let mut all_same = true;
    for (name, driver, secure) in DRIVERS {
        if let Some(reason) = unavailable(driver) {
            println!("{name:<18} skipped: {reason}");
            continue;
        }
        let tally = run(requests, secure, |clients| over_sockets(driver, clients)).map_err(|error| format!("{name}: {error}"))?;
        print(name, requests, &tally);
        all_same &= tally.hash == expected.hash;
    }
    if !all_same {
        eprintln!("not all clients heard the same");
    }
    Ok(all_same)
}

/// Runs each seed. `serve` runs the clients, and returns how many bytes the driver copied.
fn run(requests: usize, secure: Option<Secure>, serve: impl Fn(&mut [Client]) -> Result<u64, Failure>) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let each = u32::try_from(requests / SEEDS.len() / CONNECTIONS)?;
    for seed in SEEDS {
        let mut clients: Vec<Client> = (0..CONNECTIONS as u64).map(|at| Client::new(seed << 32 | at, each, secure)).collect();
        let start = Instant::now();
        tally.copied += serve(&mut clients)?;
        tally.took += start.elapsed();
        for client in &mut clients {
            if !client.is_content() {
                return Err(client.failure.take().unwrap_or_else(|| "an answer is missing".to_owned()).into());
            }
            client.transcript().iter().for_each(|hash| tally.hash.write(&hash.to_be_bytes()));
            tally.latencies.append(&mut client.latencies);
        }
    }
    tally.latencies.sort_unstable();
    Ok(tally)
}

#[allow(clippy::cast_precision_loss)]
fn print(name: &str, requests: usize, tally: &Tally) {
    let rate = requests as f64 / tally.took.as_secs_f64();
    let at = |percent: usize| tally.latencies.get(tally.latencies.len() * percent / 100).map_or(0.0, |nanos| *nanos as f64 / 1e6);
    let Tally { hash, copied, .. } = tally;
    let (p50, p99) = (at(50), at(99));
    println!("{name:<18} {CONNECTIONS:>11} {requests:>9} {rate:>11.0} {p50:>8.3} {p99:>8.3} {copied:>13}  {:016x}", hash.0);
}

/// Makes the server's side of a connection.
fn server(clock: Clock) -> (Conn<Post>, Server) {
    (connection(Side::Server, clock.now()), Server::new(Some(tls::secure)))
}

fn in_memory(clients: &mut [Client]) -> Result<u64, Failure> {
    let mut copied = 0;
    for client in clients {
        let mut client = memory::Side { conn: connection(Side::Client, Time::ZERO), app: client };
        let mut server = memory::Side { conn: connection(Side::Server, Time::ZERO), app: Server::new(None) };
        copied += memory::run(&mut client, &mut server).map_err(|error| error.to_string())?;
    }
    Ok(copied)
}

/// Starts a server, and runs the clients in threads, each over a connection of its own. None of the drivers copies anything: they read into the connection, and write out of it.
fn over_sockets(driver: Driver, clients: &mut [Client]) -> Result<u64, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::scope(|scope| {
        let server = scope.spawn(move || serve(driver, listener));
        let clients: Vec<_> = clients.iter_mut().map(|client| scope.spawn(move || call(address, client))).collect();
        for client in clients {
            client.join().map_err(|_| "a client panicked")??;
        }
        server.join().map_err(|_| "the server panicked")?
    })?;
    Ok(0)
}

fn call(address: SocketAddr, client: &mut Client) -> Result<(), Failure> {
    let socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let clock = Clock::start();
    threads::run(&socket, &mut connection(Side::Client, clock.now()), client, clock);
    Ok(())
}

fn serve(driver: Driver, listener: TcpListener) -> Result<(), Failure> {
    match driver {
        Driver::Blocking => blocking::serve_in_threads(&listener, CONNECTIONS, server)?,
        Driver::Workers => {
            let this = env::current_exe()?;
            let command = || {
                let mut command = Command::new(&this);
                command.arg("worker");
                command
            };
            for mut worker in blocking::fork(&listener, WORKERS, command)? {
                if !worker.wait()?.success() {
                    return Err("a worker failed".into());
                }
            }
        }
        Driver::Threads => threads::serve_all(&listener, CONNECTIONS, server)?,
        Driver::Mio => mio::serve_all(listener, CONNECTIONS, server)?,
        Driver::Tokio => tokio::serve_all(listener, CONNECTIONS, server)?,
        Driver::Uring => uring::serve_all(uring::ring()?, &listener, CONNECTIONS, server)?,
    }
    Ok(())
}

/// Why a driver cannot run here.
fn unavailable(driver: Driver) -> Option<String> {
    match driver {
        Driver::Uring => uring::ring().err().map(|error| error.to_string()),
        _ => None,
    }
}
