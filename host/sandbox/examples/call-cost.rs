//! What a call costs through the seam, as a ratio of bare wasmtime in the same process with the same settings,
//! on one thread and on two. `cargo run --release -p sluse-sandbox --features measure --example call-cost -- FILE`
//! prints one JSON object; FILE is a component with the operation `echo`.
#![expect(clippy::print_stdout, reason = "the product of this program is what it prints")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::{
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use sluse_connector::{
    AttachmentError, Call, CallLimits, CallbackError, Connector, FolderError, Host, Loader as _, NumberError, Request,
    Response, SendError,
};
use sluse_model::{Attachment, Dice, Standing, TimelineLevel, Timestamp};
use sluse_sandbox::{Compiler, Sandbox, SandboxSettings, measure::Bare};

const CALLS: u32 = 20_000;
const ROUNDS: u32 = 7;
const INPUT: &str = r#"{"text":"Byggetilladelse til Havnegade 5","number":42.5,"lines":["one","two","three"]}"#;

fn main() {
    let path = std::env::args_os().nth(1).expect("the path of a component with the operation `echo`");
    let component = Bytes::from(std::fs::read(path).unwrap());
    let folder = std::env::temp_dir().join(format!("sluse-call-cost-{}", std::process::id()));
    let sandbox = Sandbox::start(SandboxSettings {
        cache_folder: folder.clone(),
        max_instances: 8,
        compiler: Compiler::InProcess,
        dice: Arc::new(NoDice),
    })
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connector = runtime.block_on(sandbox.load(component.clone())).unwrap();
    let bare = Arc::new(runtime.block_on(Bare::prepare(&sandbox, component)).unwrap());
    let mut best = [Duration::MAX; 4];
    // Taken in turns, so that what disturbs the machine disturbs all alike.
    for _ in 0..ROUNDS {
        for (arm, best) in best.iter_mut().enumerate() {
            let threads = if arm < 2 { 1 } else { 2 };
            let took = if arm % 2 == 0 {
                on_threads(threads, &bare, bare_call)
            } else {
                on_threads(threads, &connector, seam_call)
            };
            *best = (*best).min(took);
        }
    }
    let micros = best.map(|took| took.as_secs_f64() * 1e6 / f64::from(CALLS));
    let [bare_one, seam_one, bare_two, seam_two] = micros;
    println!(
        "{{\"bare_us\":{bare_one:.2},\"seam_us\":{seam_one:.2},\"ratio\":{:.3},\"bare_two_threads_us\":{bare_two:.2},\
         \"seam_two_threads_us\":{seam_two:.2},\"two_threads_of_one\":{:.3},\"bare_two_threads_of_one\":{:.3}}}",
        seam_one / bare_one,
        2.0 * seam_one / seam_two,
        2.0 * bare_one / bare_two,
    );
    let _ = std::fs::remove_dir_all(folder);
}

/// The time that `threads` threads take for `CALLS` calls each.
fn on_threads<T: Send + Sync + Clone + 'static>(
    threads: usize,
    subject: &T,
    calls: fn(&tokio::runtime::Runtime, &T),
) -> Duration {
    let start = Arc::new(Barrier::new(threads + 1));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (subject, start) = (subject.clone(), Arc::clone(&start));
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                start.wait();
                calls(&runtime, &subject);
            })
        })
        .collect();
    start.wait();
    let began = Instant::now();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    began.elapsed()
}

fn bare_call(runtime: &tokio::runtime::Runtime, bare: &Arc<Bare>) {
    runtime.block_on(async {
        let call = call();
        for _ in 0..CALLS {
            bare.execute(&call, "echo", INPUT).await.unwrap();
        }
    });
}

fn seam_call(runtime: &tokio::runtime::Runtime, connector: &Arc<dyn Connector>) {
    let limits = CallLimits { memory_bytes: 64 << 20, cpu: Duration::from_secs(2), wall: Duration::from_secs(60) };
    runtime.block_on(async {
        let call = call();
        for _ in 0..CALLS {
            connector.execute(call.clone(), "echo", INPUT, limits, Box::new(NoHost)).await.unwrap().unwrap();
        }
    });
}

fn call() -> Call {
    Call {
        delivery: "del-0192f0c1a2b37c4d8e9f0a1b2c3d4e5f".into(),
        attempt: 1,
        accepted_at: Timestamp::from_millis(1_700_000_000_000),
        attempt_at: Timestamp::from_millis(1_700_000_000_000),
        settings: "{}".into(),
    }
}

/// Nothing here needs a key that nobody can guess.
struct NoDice;

impl Dice for NoDice {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// A host that nobody asks.
struct NoHost;

#[async_trait]
impl Host for NoHost {
    async fn send(&mut self, _: Request) -> Result<Response, SendError> {
        Err(SendError::Unreachable(String::new()))
    }

    async fn send_all(&mut self, _: Vec<Request>) -> Vec<Result<Response, SendError>> {
        Vec::new()
    }

    fn conclude(&mut self, _: &str, _: Standing) -> Result<(), String> {
        Ok(())
    }

    async fn attachments(&mut self) -> Result<Vec<Attachment>, AttachmentError> {
        Ok(Vec::new())
    }

    async fn read_attachment(&mut self, _: &str, _: u64, _: u32) -> Result<Bytes, AttachmentError> {
        Err(AttachmentError::NotFound)
    }

    async fn create_attachment(&mut self, _: String, _: String, _: Bytes) -> Result<Attachment, AttachmentError> {
        Err(AttachmentError::NotFound)
    }

    async fn put_file(&mut self, _: String, _: String, _: Bytes) -> Result<(), FolderError> {
        Err(FolderError::Forbidden(String::new()))
    }

    async fn get_file(&mut self, _: String, _: String) -> Result<Option<Bytes>, FolderError> {
        Ok(None)
    }

    async fn reserve_numbers(&mut self, _: String, _: u32, _: Option<String>) -> Result<u64, NumberError> {
        Err(NumberError::Forbidden(String::new()))
    }

    async fn open_callback(&mut self, _: Duration) -> Result<String, CallbackError> {
        Err(CallbackError::Forbidden(String::new()))
    }

    fn log(&mut self, _: TimelineLevel, _: String) {}
}
