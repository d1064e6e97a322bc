//! A target on loopback that counts by business key what it did, and misbehaves by seed. It lives in the process of
//! the harness, so it survives every kill of the host. Its own loop, because it has to end connections where a
//! framework would still answer.

mod consumer; // what it takes from a folder
mod herald; // what it calls back
mod ledger; // what was done, and how often
mod manners; // how it misbehaves
mod parcels; // what it gives out, and hears of it
mod request; // what it reads
mod serve; // what it does with it

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{dice::Dice, process::Place, tripwire::Tripwire};
use consumer::Consumer;

pub(super) use ledger::Ledger;

/// The path that is answered as soon as everything that came before it was taken in.
const FENCE: &str = "/fence";

/// Of so many connections that come in, one finds that the next are refused for a moment.
const REFUSES_AFTER: u64 = 60;

/// For how long connections are refused, at most.
const REFUSES_FOR: Duration = Duration::from_millis(60);

/// A running target. Ends when it is dropped.
#[derive(Debug)]
pub(super) struct Target {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    taking: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    seed: u64,
    ledger: Mutex<Ledger>,
    tripwire: Arc<Tripwire>,
    misbehaves: AtomicBool,
    connections: TaskTracker,
    /// Ends what hangs, with the host that it hangs on.
    release: Mutex<CancellationToken>,
    /// Where the host takes callbacks; `None` while it does not serve.
    place: watch::Receiver<Option<Place>>,
    /// Callbacks that the host has not taken yet.
    heralds: Mutex<JoinSet<()>>,
    consumer: Consumer,
}

impl Target {
    /// A target that takes files out of `out`.
    pub(super) async fn start(
        seed: u64,
        out: PathBuf,
        place: watch::Receiver<Option<Place>>,
        tripwire: Arc<Tripwire>,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            seed,
            ledger: Mutex::default(),
            tripwire,
            misbehaves: AtomicBool::new(true),
            connections: TaskTracker::new(),
            release: Mutex::default(),
            place,
            heralds: Mutex::default(),
            consumer: Consumer::new(out)?,
        });
        let accepting = tokio::spawn(accept(shared.clone(), listener, address));
        let taking = tokio::spawn(Consumer::take_on_and_on(shared.clone()));
        Ok(Self { address, shared, accepting, taking })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on everything is done and answered.
    pub(super) fn behave(&self) {
        self.shared.misbehaves.store(false, Ordering::SeqCst);
        self.shared.release().cancel();
    }

    /// Takes what is in the folder still.
    pub(super) fn take_files(&self) {
        self.shared.take_files();
    }

    /// What it has done.
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.shared.ledger()
    }

    /// Ends when nothing that a host has sent before its end can still have an effect: whoever asks from then on
    /// sees all of it.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        self.shared.release().cancel();
        self.fence().await?;
        self.shared.connections.close();
        self.shared.connections.wait().await;
        self.shared.connections.reopen();
        if self.shared.misbehaves.load(Ordering::SeqCst) {
            *self.shared.release.lock().unwrap_or_else(PoisonError::into_inner) = CancellationToken::new();
        }
        Ok(())
    }

    /// Connections are taken in the order in which they came, so the answer to the last one says that there are no
    /// earlier ones left.
    async fn fence(&self) -> anyhow::Result<()> {
        let asked = format!("GET {FENCE} HTTP/1.1\r\nhost: target\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        loop {
            let asking = async {
                let mut stream = TcpStream::connect(self.address).await?;
                stream.write_all(asked.as_bytes()).await?;
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await?;
                std::io::Result::Ok(answer)
            };
            match asking.await {
                Ok(answer) if answer.starts_with(b"HTTP/1.1 204") => return Ok(()),
                // It refuses connections just now.
                _ => sleep(Duration::from_millis(5)).await,
            }
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.accepting.abort();
        self.taking.abort();
        self.shared.heralds.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self) -> CancellationToken {
        self.release.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls back at some time, until it is taken. Whoever asked twice is told twice.
    fn call_back(self: &Arc<Self>, key: &str, address: String) {
        let herald = herald::announce(self.clone(), key.to_owned(), address);
        self.heralds.lock().unwrap_or_else(PoisonError::into_inner).spawn(herald);
    }

    fn misbehaves(&self) -> bool {
        self.misbehaves.load(Ordering::SeqCst)
    }
}

/// Takes connections, and refuses them now and then by not listening for a moment.
async fn accept(shared: Arc<Shared>, first: TcpListener, address: SocketAddr) {
    let mut listener = Some(first);
    for number in 0.. {
        let open = match listener.take() {
            Some(open) => open,
            None => listen_again(address).await,
        };
        let Ok((stream, _)) = open.accept().await else { continue };
        // Small answers leave at once; a failure here only costs speed.
        let _ = stream.set_nodelay(true);
        let serving = shared.clone();
        shared.connections.spawn(async move { serve::converse(&serving, stream).await });
        let mut dice = Dice::of(shared.seed, "refuse", number);
        if shared.misbehaves() && dice.below(REFUSES_AFTER) == 0 {
            drop(open);
            sleep(dice.duration(REFUSES_FOR)).await;
        } else {
            listener = Some(open);
        }
    }
}

/// The port was ours a moment ago. Should somebody have it meanwhile, then not for long.
async fn listen_again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => sleep(Duration::from_millis(5)).await,
        }
    }
}
