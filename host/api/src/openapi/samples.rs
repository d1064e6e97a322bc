//! Something of each kind that is sent, with everything that it can carry and with as little as it can.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::json;
use sluse_engine::{Incompatibility, Installed, ScheduleFigures};
use sluse_model::{
    ActKind, Actor, Attachment, AttachmentId, Attempt, AttemptResult, Attention, AttentionRule, Auth, BatchAct,
    BatchEnd, BatchRefusal, Cadence, Callback, CallbackSettings, CallbackStanding, ClientPlace, Connection,
    CredentialKind, Delivery, DeliveryId, DeliveryState, Description, Digest, Discovery, DoneAct, Endpoint,
    EndpointNeed, FeedDescription, Flow, FolderGrant, FolderNeed, Found, GateHold, GateKind, GateSettings, Grant,
    Intent, IntervalOf, ItemOrigin, LastFailure, Lease, Limits, Name, NoticeOccasion, OnFailure, OperationDescription,
    OperationSettings, Origin, Overlap, OwnerNotice, Past, Planned, Problem, Rate, Reason, Resolution, RetryPolicy,
    Revision, RevisionStanding, Run, RunId, RunState, Schedule, Scope, SecretName, Sequence, SkipReason, SkippedStep,
    Standing, Step, Task, TextOrSecret, Thumbprint, Tick, TickId, TickState, TimelineLevel, TimelineLine, Timestamp,
    Token, Waits, Wellbeing,
};
use sluse_store::{Batch, DeliveryDetail, DeliveryFilter, StoredSchedule};

const UUID: &str = "0192f0c1a2b37c4d8e5f60718293a4b5";

fn an<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("`{text}` cannot be read"))
}

pub(crate) fn moment() -> Timestamp {
    Timestamp::from_millis(1_762_000_000_250)
}

pub(crate) fn digest() -> Digest {
    Digest::of("component")
}

pub(crate) fn run_id() -> RunId {
    an(&format!("run-{UUID}"))
}

pub(crate) fn delivery_id() -> DeliveryId {
    an(&format!("del-{UUID}"))
}

pub(crate) fn name() -> Name {
    an("building-permit")
}

/// In every state.
pub(crate) fn runs() -> Vec<Run> {
    let run = |state, closed_at, idempotency_key| Run {
        id: run_id(),
        flow: name(),
        flow_digest: digest(),
        state,
        accepted_at: moment(),
        closed_at,
        idempotency_key,
        caused_by: closed_at.map(|_| delivery_id()),
        stands_for: closed_at.map(|_| run_id()),
        handled_by: closed_at.map(|_| run_id()),
    };
    RunState::ALL
        .into_iter()
        .flat_map(|state| [run(state, None, None), run(state, Some(moment()), Some("k".into()))])
        .collect()
}

pub(crate) fn skipped_step() -> SkippedStep {
    SkippedStep { step_index: 1, step: name(), when: "{{ steps.search.found }}".into(), at: moment() }
}

pub(crate) fn attachment() -> Attachment {
    let id: AttachmentId = an(&format!("att-{UUID}"));
    Attachment { id, name: "a.pdf".into(), media_type: "application/pdf".into(), size_bytes: 3, digest: digest() }
}

pub(crate) fn problem() -> Problem {
    Problem::new("refused", "The target refused.")
}

/// Every state, and each with whatever it can carry.
pub(crate) fn states() -> Vec<DeliveryState> {
    let mut states = vec![
        DeliveryState::Queued { due: moment() },
        DeliveryState::Running { lease: Lease { number: 2, until: moment() } },
        DeliveryState::Retrying { due: moment(), problem: problem().with_detail("503") },
        DeliveryState::Waiting { until: moment() },
    ];
    let queue = |reason| (reason != Reason::Invalid).then(name);
    let attention = |reason| {
        DeliveryState::Attention(Attention { queue: queue(reason), ..Attention::new(reason, problem(), moment()) })
    };
    states.extend(Reason::ALL.map(attention));
    let resolutions = [Resolution::Succeeded, Resolution::Failed];
    states.extend(resolutions.map(|resolution| DeliveryState::Closed { resolution, at: moment() }));
    for state in &states {
        // Another one does not compile until it stands here, and then above.
        match state {
            DeliveryState::Queued { .. } | DeliveryState::Running { .. } | DeliveryState::Retrying { .. } => {}
            DeliveryState::Waiting { .. } | DeliveryState::Attention(_) => {}
            DeliveryState::Closed { resolution: Resolution::Succeeded | Resolution::Failed, .. } => {}
        }
    }
    states
}

pub(crate) fn delivery(state: DeliveryState) -> DeliveryDetail {
    let output = matches!(state, DeliveryState::Closed { .. }).then(|| "{\"case_id\": \"S1\"}".to_owned());
    let delivery = Delivery {
        id: delivery_id(),
        run: run_id(),
        step_index: 0,
        step: name(),
        connection: name(),
        operation: name(),
        input: "{\"title\": \"x\"}".into(),
        output,
        state,
        attempts: 3,
        accepted_at: moment(),
        changed_at: moment(),
    };
    let attempt = |number, result| Attempt { number, resumed: false, revision: digest(), began_at: moment(), result };
    let result = |kind: &str, problem| Some(AttemptResult { ended_at: moment(), kind: kind.into(), problem });
    let failed = result("unavailable", Some(problem().with_detail("503")));
    let attempts = vec![attempt(1, failed), attempt(2, result("done", None)), attempt(3, None)];
    let line = |level| TimelineLine { at: moment(), attempt: 1, level, message: "GET case: 200".into() };
    let levels = [TimelineLevel::Debug, TimelineLevel::Info, TimelineLevel::Warn, TimelineLevel::Error];
    let intent =
        |standing| Intent { number: 1, attempt: 1, request: "POST /Files".into(), opened_at: moment(), standing };
    let journal = Standing::ALL.map(intent).to_vec();
    let callback = |standing| Callback { number: 256, arrived_at: moment(), standing };
    let callbacks = CallbackStanding::ALL.map(callback).to_vec();
    DeliveryDetail {
        delivery,
        attempts,
        timeline: levels.map(line).to_vec(),
        journal,
        callbacks,
        behind: None,
        leads_its_key: false,
        acts: acts(),
    }
}

/// With everything, and with as little as there is.
fn acts() -> Vec<DoneAct> {
    let act = |(act, why): (ActKind, Option<&str>)| DoneAct {
        at: moment(),
        by: Actor { token: an(&format!("tok-{UUID}")), name: "clerk".into() },
        act,
        why: why.map(str::to_owned),
        did_not_happen: why.is_some(),
        before: DeliveryState::Attention(Attention::new(Reason::Rejected, problem(), moment())),
        after: DeliveryState::Queued { due: moment() },
        batch: why.map(|_| an(&format!("bat-{UUID}"))),
        input_before: why.map(|_| "{}".into()),
    };
    ActKind::ALL.into_iter().flat_map(|kind| [(kind, None), (kind, Some("the target is back"))]).map(act).collect()
}

/// Of every kind and in every state, with everything and with as little as there is.
pub(crate) fn batches() -> Vec<Batch> {
    let by = || Actor { token: an(&format!("tok-{UUID}")), name: "clerk".into() };
    let acts = [
        BatchAct::Retry { did_not_happen: true },
        BatchAct::Close,
        BatchAct::Assign { queue: Some(name()) },
        BatchAct::Assign { queue: None },
    ];
    let ended = |stopped_by| Some(BatchEnd { at: moment(), stopped_by });
    let ends = [None, ended(None), ended(Some(by()))];
    let full = DeliveryFilter {
        state: Some("attention".into()),
        connection: Some(name()),
        flow: Some(name()),
        since: Some(moment()),
        until: Some(moment()),
        reason: Some(Reason::Denied),
        queue: Some(name()),
        text: Some("no".into()),
    };
    let batch = |(act, end): (BatchAct, Option<BatchEnd>)| Batch {
        id: an(&format!("bat-{UUID}")),
        act,
        filter: if end.is_some() { full.clone() } else { DeliveryFilter::default() },
        per_second: 10,
        by: by(),
        why: end.is_some().then(|| "the target is back".into()),
        began_at: moment(),
        found: 9,
        done: 1,
        refused: BatchRefusal::ALL.into_iter().map(|why| (why, 1)).collect(),
        end,
    };
    acts.into_iter().flat_map(|act| ends.clone().map(|end| (act.clone(), end))).map(batch).collect()
}

/// In every standing.
pub(crate) fn revisions() -> Vec<Revision> {
    let standings = [
        RevisionStanding::Active { since: moment() },
        RevisionStanding::Retired { since: moment() },
        RevisionStanding::Installed,
    ];
    let revision = |standing| {
        match standing {
            RevisionStanding::Active { .. } | RevisionStanding::Retired { .. } | RevisionStanding::Installed => {}
        }
        let description = description();
        Revision { connector: name(), digest: digest(), size_bytes: 1, description, installed_at: moment(), standing }
    };
    standings.map(revision).to_vec()
}

fn description() -> Description {
    let text = || "text".to_owned();
    let operation = OperationDescription {
        name: text(),
        title: text(),
        summary: text(),
        input_schema: "{}".into(),
        output_schema: "{}".into(),
        reads_only: true,
    };
    let credentials = vec![CredentialKind::Nothing, CredentialKind::OAuth2ClientCredentials];
    Description {
        name: text(),
        version: "1.0.0".into(),
        title: text(),
        summary: text(),
        settings_schema: "{}".into(),
        operations: vec![operation],
        feeds: vec![FeedDescription {
            name: text(),
            title: text(),
            summary: text(),
            item_schema: "{}".into(),
            usual_interval_seconds: 60,
        }],
        endpoints: vec![EndpointNeed { name: text(), title: text(), required: true, credentials }],
        folders: vec![FolderNeed { name: text(), title: text(), required: false, reads_only: false }],
        sequences: vec![text()],
    }
}

/// With nothing else to tell, and with everything.
pub(crate) fn installed() -> [Installed; 2] {
    let [revision, other] = [revisions().remove(0), revisions().remove(2)];
    let incompatible = Incompatibility::MissingEndpoint { connection: name(), endpoint: "default".into() };
    [
        Installed { revision, replaced: None, incompatibilities: Vec::new() },
        Installed { revision: other, replaced: Some(digest()), incompatibilities: vec![incompatible] },
    ]
}

/// With every way of signing in.
pub(crate) fn connections() -> Vec<Connection> {
    let secret = || SecretName { secret: name() };
    let text = || "text".to_owned();
    let auths = [
        Auth::Nothing,
        Auth::Basic { username: text(), password: secret() },
        Auth::Bearer { token: secret() },
        Auth::ApiKey { header: Some(text()), query: None, value: secret() },
        Auth::ApiKey { header: None, query: Some(text()), value: secret() },
        Auth::OAuth2ClientCredentials {
            token_url: text(),
            client_id: text(),
            client_secret: secret(),
            scope: Some(text()),
        },
        Auth::OAuth2Password {
            token_url: text(),
            client_id: text(),
            client_secret: secret(),
            client_in: ClientPlace::Body,
            username: TextOrSecret::Text(text()),
            password: secret(),
            scope: Some(text()),
        },
        Auth::OAuth2Password {
            token_url: text(),
            client_id: text(),
            client_secret: secret(),
            client_in: ClientPlace::Header,
            username: TextOrSecret::Secret(secret()),
            password: secret(),
            scope: None,
        },
        Auth::Ntlm { username: text(), password: secret(), domain: text() },
        Auth::ClientCertificate { thumbprint: Some(Thumbprint::from_bytes([0xab; 20])), secret: secret() },
        Auth::Signature { secret: secret() },
    ];
    auths.into_iter().flat_map(|auth| [connection(auth.clone(), true), connection(auth, false)]).collect()
}

fn connection(auth: Auth, full: bool) -> Connection {
    match &auth {
        Auth::Nothing | Auth::Basic { .. } | Auth::Bearer { .. } | Auth::ApiKey { .. } => {}
        Auth::OAuth2ClientCredentials { .. } | Auth::OAuth2Password { .. } => {}
        Auth::Ntlm { .. } | Auth::ClientCertificate { .. } | Auth::Signature { .. } => {}
    }
    let discovery = Discovery {
        url: "https://cxone.example".to_owned(),
        field: "api_endpoint".to_owned(),
        host_suffixes: vec!["cxone.example".to_owned()],
    };
    let endpoint = Endpoint {
        url: if full { String::new() } else { "https://workzone.example.dk".to_owned() },
        discovery: full.then_some(discovery),
        allow_plaintext: full,
        http1_only: full,
        auth,
        timeout_ms: 1,
        max_response_bytes: 1,
        status_means: if full { [(500, Standing::DidNotHappen)].into() } else { BTreeMap::new() },
        idempotency_header: full.then(|| "Idempotency-Key".into()),
    };
    let settings = if full { json!({"external_ref_field": "EXTREF"}) } else { json!({}) };
    Connection {
        name: name(),
        connector: name(),
        title: if full { "Title".into() } else { String::new() },
        settings: settings.as_object().cloned().unwrap_or_default(),
        endpoints: [(name(), endpoint)].into(),
        grant: if full { grant() } else { Grant::default() },
        limits: Limits::default(),
        retry: RetryPolicy::default(),
        gates: GateSettings { rate: full.then_some(Rate { attempts: 1, per_ms: 1 }), ..GateSettings::default() },
        callbacks: full.then(|| CallbackSettings { secret: SecretName { secret: name() } }),
        sequences: if full { [(name(), Sequence { first: 1, last: 2 })].into() } else { BTreeMap::new() },
        operations: if full { [(name(), operation_settings())].into() } else { BTreeMap::new() },
    }
}

fn grant() -> Grant {
    let folder = FolderGrant { path: "/srv/files".into(), mounted: true };
    Grant { cidrs: vec!["10.0.0.0/8".into()], folders: [(name(), folder)].into() }
}

fn operation_settings() -> OperationSettings {
    let waits = Waits::Listed { delays_ms: vec![1, 2] };
    OperationSettings { retry: Some(RetryPolicy { waits, max_age_ms: Some(1), ..RetryPolicy::default() }) }
}

/// Of every kind.
pub(crate) fn gates() -> Vec<GateHold> {
    let hold = |kind| {
        let until = (kind != GateKind::Concurrency).then(moment);
        GateHold { kind, since: moment(), until, message: "It is closed.".into() }
    };
    GateKind::ALL.map(hold).to_vec()
}

pub(crate) fn flows() -> Vec<Flow> {
    let flow = |title: &str, input| Flow {
        name: name(),
        title: title.into(),
        schema: json!({"type": "object"}),
        max_attachment_bytes: 1,
        min_attachments: 1,
        order_by: (!title.is_empty()).then(|| "{{ submission.id }}".into()),
        attention: attention_rules(!title.is_empty()),
        owner_notice: (!title.is_empty()).then(|| OwnerNotice { flow: name(), when: NoticeOccasion::ALL.to_vec() }),
        on_failure: (!title.is_empty()).then(|| OnFailure {
            flow: name(),
            when: NoticeOccasion::ALL.to_vec(),
            resolves: true,
        }),
        steps: vec![Step {
            name: name(),
            title: title.into(),
            connection: name(),
            operation: name(),
            when: (!title.is_empty()).then(|| "{{ submission.urgent }}".into()),
            order_by: (!title.is_empty()).then(|| "{{ submission.id }}".into()),
            input,
        }],
    };
    vec![flow("", json!(null)), flow("Title", json!({"title": "{{ submission.title }}"}))]
}

fn attention_rules(any: bool) -> Vec<AttentionRule> {
    let rule =
        |reason, named: Option<Name>| AttentionRule { reason, connection: named.clone(), step: named, queue: name() };
    if any { vec![rule(None, None), rule(Some(Reason::Denied), Some(name()))] } else { Vec::new() }
}

pub(crate) fn tick_id() -> TickId {
    an(&format!("tick-{UUID}"))
}

/// In every state, with everything that they can carry and with as little as they can.
pub(crate) fn ticks() -> Vec<Tick> {
    let mut states = vec![
        TickState::Queued { due: moment() },
        TickState::Running { until: moment() },
        TickState::Retrying { due: moment(), problem: problem() },
        TickState::Done { at: moment() },
        TickState::Failed { at: moment(), problem: problem().with_detail("401") },
    ];
    states.extend(SkipReason::ALL.map(|why| TickState::Skipped { why }));
    let tick = |state: TickState| {
        let full = matches!(state, TickState::Done { .. });
        let line = TimelineLine { at: moment(), attempt: 1, level: TimelineLevel::Info, message: "GET: 200".into() };
        Tick {
            id: tick_id(),
            schedule: name(),
            planned_at: moment(),
            until: if full { moment() } else { Timestamp::from_millis(0) },
            count: 1,
            at: moment(),
            is_late: full,
            by: full.then(|| Actor { token: an(&format!("tok-{UUID}")), name: "clerk".into() }),
            state,
            attempts: 1,
            found: Found { started: 1, known: 2, held: 1 },
            run: full.then(run_id),
            timeline: if full { vec![line] } else { Vec::new() },
        }
    };
    states.into_iter().map(tick).collect()
}

/// One that polls a feed, and one that starts its flow; and more, for as long as there are ways to fare.
pub(crate) fn schedules() -> Vec<ScheduleFigures> {
    let of = |cadence, task, full: bool| StoredSchedule {
        schedule: Schedule {
            name: name(),
            title: if full { "Title".into() } else { String::new() },
            cadence,
            every_of: full.then_some(IntervalOf::Settings),
            overlap: Overlap::Skip,
            catch_up_ms: 1,
            enabled: full,
            flow: name(),
            task,
        },
        changed_at: moment(),
        next: full.then(|| Planned { at: moment(), fires_at: moment() }),
        at_work: None,
        waiting: None,
        latest: full.then(|| ticks().remove(3)),
        past: Past {
            succeeded_at: full.then(moment),
            failure: full.then(|| LastFailure { at: moment(), problem: problem() }),
            in_a_row: None,
        },
    };
    let poll = Task::Poll { connection: name(), feed: name() };
    let submit = Task::Submit { submission: json!({"reference": 1}) };
    let cron = Cadence::Cron { cron: "0 6 * * 1-5".into(), zone: "Europe/Copenhagen".into() };
    let stored = [of(Cadence::Every { every_ms: 60_000, jitter_ms: 0 }, poll, true), of(cron, submit, false)];
    let since = moment();
    let ways = [Wellbeing::Failing { since, tries: 3 }, Wellbeing::Off, Wellbeing::Well, Wellbeing::NotRun { since }];
    let figures = |(stored, wellbeing)| ScheduleFigures { stored, wellbeing };
    stored.into_iter().cycle().zip(ways).map(figures).collect()
}

pub(crate) fn origin() -> Origin {
    let item = ItemOrigin { connection: name(), feed: name(), key: "case-17".into(), group: "case-17".into() };
    Origin { schedule: name(), tick: tick_id(), planned_at: moment(), item: Some(item) }
}

pub(crate) fn tokens() -> Vec<Token> {
    let token = |scopes, revoked_at| Token {
        id: an(&format!("tok-{UUID}")),
        name: "xflow".into(),
        scopes,
        created_at: moment(),
        revoked_at,
    };
    vec![token(Scope::ALL.to_vec(), None), token(vec![Scope::Submit], Some(moment()))]
}
