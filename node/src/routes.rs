//! What a node answers over HTTPS. Anybody may ask from anywhere, also from a page on disk: who may do what is decided by signatures.
//!
//! | request | answer |
//! |---|---|
//! | `GET /health` | 200 if the database answers |
//! | `GET /metrics` | counts, in the Prometheus text format |
//! | `GET /v1/studies` | the studies' ids, a line each |
//! | `GET /v1/studies/ID` | where a study is, as JSON |
//! | `GET /v1/studies/ID/study.toml` | its exact bytes |
//! | `POST /v1/studies/ID/contributions/ID` | the receipt |
//! | `GET /v1/studies/ID/contributions/ID` | the last receipt |
//! | `POST /v1/studies/ID/contributions/ID/withdrawal` | the receipt |
//! | `GET /v1/studies/ID/form` | the page for contributors, or links to the pages of each role |
//! | `GET /v1/studies/ID/form/ROLE` | the page for contributors of a role |
//! | `GET …/form.sha256`, `GET …/form/ROLE/sha256` | the hash of that |
//! | `POST /v1/studies/ID/results` | for receivers: this node's share of a result, sealed to the receiver |
//! | `POST /v1/studies/ID/questions` | for the other nodes: what this one has signed |

use crate::Error;
use crate::agreement::{self, Question};
use crate::arrival;
use crate::form::{self, Page};
use crate::members::ELSEWHERE;
use crate::metrics::Metrics;
use crate::office::Office;
use crate::run;
use crate::vault::Draft;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::{get, post};
use smpcc_runtime::hash::sha256;
use smpcc_study::document::Unchecked;
use smpcc_study::id::{ContributionId, StudyId};
use smpcc_study::log::Event;
use smpcc_study::seal::SealingKey;
use smpcc_study::share_file::{self, SealTo};
use smpcc_study::signature::Purpose;
use smpcc_study::study::Time;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How long the body of a request may take, if it is short.
const BODY: Duration = Duration::from_secs(30);

/// Bytes a second that come at least, if it is long.
const SLOWEST: u64 = 32 << 10;

/// The longest text that is no contribution.
const MAX_TEXT: usize = 16 << 10;

/// What requests need.
pub struct Desk {
    /// The keeper.
    pub office: Office,
    /// What is sealed to this node opens with it.
    pub seal: SealingKey,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Contributions that are looked at and written at once: more wait, so that memory is bounded.
    pub hands: Semaphore,
}

type Here = State<Arc<Desk>>;
type Answer = Result<Response<Body>, Refusal>;

struct Refusal(Error);

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl axum::response::IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::BAD_REQUEST);
        answer(status, "text/plain; charset=utf-8", format!("{}\n", self.0))
    }
}

/// All of it.
pub fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/v1/studies", get(studies))
        .route("/v1/studies/{study}", get(status))
        .route("/v1/studies/{study}/study.toml", get(file))
        .route(
            "/v1/studies/{study}/contributions/{id}",
            get(receipt).post(contribute),
        )
        .route(
            "/v1/studies/{study}/contributions/{id}/withdrawal",
            post(withdraw),
        )
        .route("/v1/studies/{study}/form", get(page))
        .route("/v1/studies/{study}/form.sha256", get(page_hash))
        .route("/v1/studies/{study}/form/{role}", get(role_page))
        .route(
            "/v1/studies/{study}/form/{role}/sha256",
            get(role_page_hash),
        )
        .route("/v1/studies/{study}/results", post(result))
        .route("/v1/studies/{study}/questions", post(question))
        .layer(middleware::from_fn_with_state(desk.clone(), around))
        .with_state(desk)
}

/// Counts, and the headers that let pages of any origin ask.
async fn around(State(desk): Here, request: Request, next: Next) -> Response<Body> {
    let mut response = match *request.method() {
        Method::OPTIONS => answer(StatusCode::NO_CONTENT, "text/plain", Body::empty()),
        _ => next.run(request).await,
    };
    desk.metrics.requests.fetch_add(1, Ordering::Relaxed);
    let counter = match response.status().as_u16() {
        400..500 => Some(&desk.metrics.refused),
        500.. => Some(&desk.metrics.failed),
        _ => None,
    };
    counter.map(|c| c.fetch_add(1, Ordering::Relaxed));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn text(body: impl Into<Body>) -> Answer {
    Ok(answer(StatusCode::OK, "text/plain; charset=utf-8", body))
}

/// A body that is not too long and does not take too long. `known` is shown what has come until it says that no more has to be looked at:
/// what it refuses is not waited for.
async fn body(
    request: Request,
    most: usize,
    mut known: impl FnMut(&[u8]) -> Result<bool, Error>,
) -> Result<Vec<u8>, Error> {
    let too_much = || Error::TooMuch(format!("at most {most} bytes are taken here"));
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|n| n.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|n| n > most) {
        return Err(too_much());
    }
    let mut body = request.into_body();
    let (began, mut bytes, mut looked) = (Instant::now(), Vec::new(), false);
    loop {
        let allowed = BODY + Duration::from_secs(bytes.len() as u64 / SLOWEST);
        let next = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
        let left = allowed.saturating_sub(began.elapsed());
        let Ok(next) = tokio::time::timeout(left, next).await else {
            return Err(Error::Refused("it took too long to come".into()));
        };
        let Some(frame) = next else { break };
        let frame = frame.map_err(|_| Error::Refused("it was cut".into()))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > most {
            return Err(too_much());
        }
        bytes.extend_from_slice(&data);
        looked = looked || known(&bytes)?;
    }
    Ok(bytes)
}

async fn utf8(request: Request) -> Result<String, Error> {
    let bytes = body(request, MAX_TEXT, |_| Ok(true)).await?;
    String::from_utf8(bytes).map_err(|_| Error::Refused("this is no text".into()))
}

fn id<T: std::str::FromStr>(text: &str) -> Result<T, Error> {
    text.parse()
        .map_err(|_| Error::Absent("there is nothing of this name".into()))
}

async fn health(State(desk): Here) -> Answer {
    desk.office.ask(|_, change| change.chain()).await?;
    text("ok\n")
}

async fn metrics(State(desk): Here) -> Answer {
    let mut all = Vec::new();
    for (study, hosted) in desk.office.hosted.iter() {
        let status = desk.office.status(*study).await?;
        all.push((hosted.study.terms().name.clone(), status));
    }
    text(desk.metrics.text(&all))
}

async fn studies(State(desk): Here) -> Answer {
    text(
        desk.office
            .hosted
            .keys()
            .map(|id| format!("{id}\n"))
            .collect::<String>(),
    )
}

async fn file(State(desk): Here, Path(study): Path<String>) -> Answer {
    let hosted = desk.office.study(&id(&study)?)?;
    text(hosted.study.bytes().to_vec())
}

async fn status(State(desk): Here, Path(study): Path<String>) -> Answer {
    let study: StudyId = id(&study)?;
    let hosted = desk.office.study(&study)?;
    let status = desk.office.status(study).await?;
    let who = &hosted.study.terms().contributors;
    let roles = who.len();
    let given = desk
        .office
        .ask(move |_, change| change.given(&study, roles));
    let roles: Vec<serde_json::Value> = (who.iter().zip(given.await?))
        .map(|(who, given)| {
            serde_json::json!({"role": who.role, "contributions": given.stored, "members": given.members})
        })
        .collect();
    let runs: Vec<serde_json::Value> = (status.runs.iter())
        .map(|run| {
            serde_json::json!({"number": run.number, "started": run.started, "ended": run.ended.map(|e| e.0), "exit": run.ended.map(|e| e.1)})
        })
        .collect();
    let json = serde_json::json!({
        "study": study.to_string(),
        "name": hosted.study.terms().name,
        "node": hosted.name(),
        "time": Time::now().0,
        "closed": status.row.holdings.is_some(),
        "frozen": status.row.frozen.is_some(),
        "deleted": status.row.deleted,
        "contributions": status.stored,
        "withdrawn": status.withdrawn,
        "members": status.members,
        "roles": roles,
        "runs": runs,
    });
    Ok(answer(
        StatusCode::OK,
        "application/json",
        format!("{json}\n"),
    ))
}

async fn contribute(
    State(desk): Here,
    Path((study, name)): Path<(String, String)>,
    request: Request,
) -> Answer {
    let (study, name): (StudyId, ContributionId) = (id(&study)?, id(&name)?);
    let hosted = desk.office.study(&study)?;
    // Nobody else's data fill this machine's memory.
    let known = |bytes: &[u8]| arrival::is_of_somebody(hosted, bytes);
    let bytes = body(request, arrival::max_len(hosted), known).await?;
    let hand = desk
        .hands
        .acquire()
        .await
        .map_err(|_| Error::Machine("this node is stopping".into()))?;
    let there = desk.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let hosted = there.office.study(&study)?;
        let arrived = arrival::check(hosted, &there.seal, &name, &bytes)?;
        let folder = there.office.folder(&study);
        let draft = Draft::write(&folder, &arrived.held)?;
        Ok::<_, Error>((arrived, draft))
    });
    let (arrived, draft) = looked.await.map_err(|e| Error::machine("a thread", e))??;
    drop(hand);
    let receipt = desk.office.store(arrived, draft).await?;
    desk.metrics.stored.fetch_add(1, Ordering::Relaxed);
    text(receipt)
}

async fn receipt(State(desk): Here, Path((study, name)): Path<(String, String)>) -> Answer {
    let (study, name) = (id(&study)?, id(&name)?);
    desk.office.study(&study)?;
    text(desk.office.contribution(study, name).await?.receipt)
}

async fn withdraw(
    State(desk): Here,
    Path((study, name)): Path<(String, String)>,
    request: Request,
) -> Answer {
    let (study, name) = (id(&study)?, id(&name)?);
    let asked = utf8(request).await?;
    text(desk.office.withdraw(study, name, asked).await?)
}

async fn page(State(desk): Here, Path(study): Path<String>) -> Answer {
    let hosted = desk.office.study(&id(&study)?)?;
    served(form::of_study(&hosted.study)?)
}

async fn page_hash(State(desk): Here, Path(study): Path<String>) -> Answer {
    let hosted = desk.office.study(&id(&study)?)?;
    hash_of(&form::of_study(&hosted.study)?)
}

async fn role_page(State(desk): Here, Path((study, role)): Path<(String, String)>) -> Answer {
    let hosted = desk.office.study(&id(&study)?)?;
    served(form::of_role(&hosted.study, &role)?)
}

async fn role_page_hash(State(desk): Here, Path((study, role)): Path<(String, String)>) -> Answer {
    let hosted = desk.office.study(&id(&study)?)?;
    hash_of(&form::of_role(&hosted.study, &role)?)
}

fn served(page: Page) -> Answer {
    let mut response = answer(StatusCode::OK, "text/html; charset=utf-8", page.html);
    let policy = format!("{}; frame-ancestors 'none'", page.policy);
    let policy = HeaderValue::from_str(&policy).map_err(|e| Error::machine("a header", e))?;
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn hash_of(page: &Page) -> Answer {
    let hash = sha256(page.html.as_bytes()).to_string();
    text(format!(
        "{}  form.html\n",
        hash.trim_start_matches("sha256:")
    ))
}

/// Hands a receiver this node's share of a result, sealed to it; what was opened to whom is in the log before it leaves.
async fn result(State(desk): Here, Path(study): Path<String>, request: Request) -> Answer {
    let study: StudyId = id(&study)?;
    let asked = utf8(request).await?;
    let hosted = desk.office.study(&study)?;
    let unknown = || Error::Unknown("the study knows no receiver that asks this".into());
    let unchecked = Unchecked::read(Purpose::Request, &asked).map_err(|_| unknown())?;
    let name: String = unchecked.claims().one("receiver").map_err(|_| unknown())?;
    let receiver = hosted
        .study
        .terms()
        .receivers
        .iter()
        .find(|r| r.name == name);
    let receiver = receiver.ok_or_else(unknown)?;
    let document = unchecked.verify(&receiver.sign).map_err(|_| unknown())?;
    let (of, to): (StudyId, String) = (document.one("study")?, document.one("to")?);
    if of != study || to != hosted.name() {
        return Err(Error::Refused("this asks another node, or about another study".into()).into());
    }
    let number: u32 = document.one("run")?;
    let runs = desk.office.status(study).await?.runs;
    let run = runs
        .iter()
        .find(|r| r.number == number && matches!(r.ended, Some((_, 0))));
    match run {
        Some(run) if run.settled => {}
        Some(_) => {
            return Err(Error::Absent(format!(
                "run {number} ended well here, and not yet at enough other nodes: ask again"
            ))
            .into());
        }
        None => {
            let closes = hosted.study.terms().window.1;
            let mut why = format!("there is no run {number} that ended well here");
            let ended = runs
                .iter()
                .find(|r| r.number == number)
                .and_then(|r| r.ended);
            match ended {
                None => {}
                Some((_, ELSEWHERE)) => why += ": this node was cut off from it",
                Some((_, run::LOST)) => why += ": a node was lost",
                Some((_, status)) => {
                    why += &format!(": it ended with status {status}, and its operator sees why");
                }
            }
            if Time::now() < closes {
                why +=
                    &format!(": the study takes contributions until {closes}, and runs after that");
            }
            return Err(Error::Absent(why).into());
        }
    }
    let held = run::result(&desk.office, &desk.seal, hosted, number, &receiver.role)?;
    let sealed = share_file::write(&held.0, &held.1, &SealTo::Node(&receiver.seal))?;
    let event = Event::Opened(study, number, receiver.name.clone());
    desk.office
        .ask(move |keeper, change| keeper.note(change, &event))
        .await?;
    Ok(answer(StatusCode::OK, "application/octet-stream", sealed))
}

async fn question(State(desk): Here, Path(study): Path<String>, request: Request) -> Answer {
    let study: StudyId = id(&study)?;
    let asked = utf8(request).await?;
    let hosted = desk.office.study(&study)?;
    let (question, of) = agreement::asked(&asked, hosted)?;
    if let Some(node) = of {
        let word = question.word();
        let heard = desk
            .office
            .ask(move |_, change| change.heard(&study, &node, &word));
        return text(
            heard
                .await?
                .ok_or_else(|| Error::Absent("not yet".into()))?,
        );
    }
    let said = match question {
        Question::Holdings => desk.office.status(study).await?.row.holdings,
        Question::Frozen => desk.office.status(study).await?.row.frozen,
        Question::Members(run) => {
            let runs = desk.office.status(study).await?.runs;
            runs.into_iter()
                .find(|r| r.number == run)
                .map(|r| r.members)
        }
    };
    text(said.ok_or_else(|| Error::Absent("not yet".into()))?)
}
