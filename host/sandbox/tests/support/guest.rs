//! Components as text: a core module in the canonical ABI, made a component of with the contract's WIT. Simpler
//! and more hostile than what a toolchain emits.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where the texts of the description and the fixed answers begin. What is below belongs to the test.
const TEXTS_AT: u32 = 32 << 10;

/// `result<outcome, failure>` with `done("{}")`: what [`Guest`] answers unless told otherwise.
pub const DONE: &str = "(i32.const 16)";

/// A component with one operation, `run`, that answers `{}`.
#[derive(Clone)]
pub struct Guest {
    pub name: String,
    pub version: String,
    pub settings_schema: String,
    pub operation: String,
    /// Imports of the core module, in the canonical ABI.
    pub imports: String,
    /// Everything else: functions, globals, tables, a start function, `(memory …)` apart.
    pub fields: String,
    /// The memory's limits: `2` pages, `2 2000`.
    pub memory: String,
    /// The body of `describe`: leaves the pointer of a description.
    pub describe: String,
    /// The body of `execute`, with the parameters `$operation`, `$input` … left out: leaves a pointer.
    pub execute: String,
    /// The body of `check`: leaves a pointer.
    pub check: String,
    /// Bytes at an offset below [`TEXTS_AT`].
    pub data: Vec<(u32, Vec<u8>)>,
    /// The body of `cabi_realloc` (`$old $old_size $align $size`).
    pub realloc: String,
    /// WIT that the world has beside the contract: imports of other packages.
    pub world: String,
    /// WIT packages that `world` names, as file name and text.
    pub packages: Vec<(&'static str, &'static str)>,
    /// Core modules beside the first, instantiated without imports.
    pub more_modules: Vec<String>,
}

impl Guest {
    pub fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            version: "1.0.0".into(),
            settings_schema: "{}".into(),
            operation: "run".into(),
            imports: String::new(),
            fields: String::new(),
            memory: "2".into(),
            describe: "(global.get $description)".into(),
            execute: DONE.into(),
            check: "unreachable".into(),
            data: Vec::new(),
            // Above the texts, and never below what was handed out.
            realloc: "(local $at i32)
                (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
                (global.set $free (i32.add (local.get $at) (local.get $size)))
                (local.get $at)"
                .into(),
            world: String::new(),
            packages: Vec::new(),
            more_modules: Vec::new(),
        }
    }

    /// What it does when it is asked to execute.
    pub fn executing(mut self, body: &str) -> Self {
        self.execute = body.into();
        self
    }

    pub fn importing(mut self, imports: &str) -> Self {
        self.imports = imports.into();
        self
    }

    pub fn with(mut self, fields: &str) -> Self {
        self.fields = fields.into();
        self
    }

    /// Beside the contract, `world` in WIT, from `packages`.
    pub fn in_world(mut self, world: &str, packages: &[(&'static str, &'static str)]) -> Self {
        self.world = world.into();
        self.packages = packages.to_vec();
        self
    }

    pub fn data(mut self, at: u32, bytes: impl Into<Vec<u8>>) -> Self {
        self.data.push((at, bytes.into()));
        self
    }

    /// The core module as text.
    pub fn text(&self) -> String {
        let mut memory = Texts::default();
        let description = memory.description(self);
        let free = memory.end();
        let mut data = String::new();
        for (at, bytes) in self.data.iter().chain([&(TEXTS_AT, memory.bytes)]) {
            let _ = writeln!(data, "(data (i32.const {at}) \"{}\")", escaped(bytes));
        }
        // At 16: ok(done("{}")), the text at 8.
        let answer = [0_u32, 0, 0, 8, 2].map(u32::to_le_bytes).concat();
        let _ = writeln!(data, "(data (i32.const 8) \"{{}}\") (data (i32.const 16) \"{}\")", escaped(&answer));
        let Self { imports, fields, memory, describe, execute, check, realloc, .. } = self;
        format!(
            r#"(module
                {imports}
                (memory (export "memory") {memory})
                (global $description i32 (i32.const {description}))
                (global $free (mut i32) (i32.const {free}))
                {fields}
                (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
                    {realloc})
                (func (export "sluse:connector/connector@0.1.0#describe") (result i32) {describe})
                (func (export "sluse:connector/connector@0.1.0#check")
                    (param i32 i32 i32 i64 i64 i32 i32) (result i32) {check})
                (func (export "sluse:connector/operations@0.1.0#execute")
                    (param $delivery i32) (param $delivery_length i32) (param $attempt i32) (param $accepted_at i64)
                    (param $attempt_at i64) (param $config i32) (param $config_length i32) (param $operation i32)
                    (param $operation_length i32) (param $input i32) (param $input_length i32) (result i32)
                    {execute})
                (func (export "sluse:connector/operations@0.1.0#resume") (param i32) (result i32) unreachable)
                {data})"#
        )
    }

    /// The component's bytes.
    pub fn component(&self) -> Vec<u8> {
        let text = self.text();
        let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut resolve = Resolve::default();
        let (ours, _) = resolve.push_dir(contract()).unwrap();
        for (name, package) in &self.packages {
            resolve.push_str(name, package).unwrap();
        }
        let (package, world) = if self.world.is_empty() {
            (ours, "target")
        } else {
            let world = format!(
                "package test:guest; interface things {{ resource thing; }}
                     world guest {{ include sluse:connector/target@0.1.0; {} }}",
                self.world
            );
            (resolve.push_str("guest.wit", &world).unwrap(), "guest")
        };
        let world = resolve.select_world(&[package], Some(world)).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
        let mut component = ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap();
        append(&mut component, &self.more_modules);
        component
    }
}

/// Where the contract is: above whichever crate these tests belong to.
fn contract() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.map(|folder| folder.join("wit/v0.1")).find(|folder| folder.is_dir()).unwrap()
}

/// Appends core modules, each with an instance of it: sections of a component come in any order.
fn append(component: &mut Vec<u8>, modules: &[String]) {
    const CORE_MODULE: u8 = 1;
    const CORE_INSTANCE: u8 = 2;
    for (index, text) in (modules_in(component)..).zip(modules) {
        section(component, CORE_MODULE, &wat::parse_str(text).unwrap());
        // One instance: instantiate module `index` with no arguments.
        let instance = [&[1, 0], leb128(index).as_slice(), &[0]].concat();
        section(component, CORE_INSTANCE, &instance);
    }
}

fn modules_in(component: &[u8]) -> u32 {
    let mut depth = 0;
    let mut count = 0;
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            wasmparser::Payload::ModuleSection { .. } => {
                count += u32::from(depth == 0);
                depth += 1;
            }
            wasmparser::Payload::ComponentSection { .. } => depth += 1,
            wasmparser::Payload::End(_) => depth -= 1,
            _ => {}
        }
    }
    count
}

fn section(component: &mut Vec<u8>, id: u8, content: &[u8]) {
    component.push(id);
    component.extend(leb128(u32::try_from(content.len()).unwrap()));
    component.extend_from_slice(content);
}

fn leb128(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:02x}");
        text
    })
}

/// Texts and records, laid out from [`TEXTS_AT`] on.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
}

impl Texts {
    fn end(&self) -> u32 {
        TEXTS_AT + u32::try_from(self.bytes.len()).unwrap()
    }

    /// Pointer and length.
    fn text(&mut self, text: &str) -> [u32; 2] {
        let at = self.end();
        self.bytes.extend_from_slice(text.as_bytes());
        [at, u32::try_from(text.len()).unwrap()]
    }

    fn record(&mut self, words: &[u32]) -> u32 {
        while !self.bytes.len().is_multiple_of(8) {
            self.bytes.push(0);
        }
        let at = self.end();
        self.bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        at
    }

    fn description(&mut self, guest: &Guest) -> u32 {
        let operation = self.text(&guest.operation);
        let (empty, any) = (self.text(""), self.text("{}"));
        let operation = [operation, operation, empty, any, any].concat();
        let operation = self.record(&[operation.as_slice(), &[0]].concat());
        let (name, version) = (self.text(&guest.name), self.text(&guest.version));
        let schema = self.text(&guest.settings_schema);
        let none = [0, 0];
        let words = [name, version, name, empty, schema, [operation, 1], none, none, none, none].concat();
        self.record(&words)
    }
}
