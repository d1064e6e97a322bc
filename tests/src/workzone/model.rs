//! Which entity sets exist, with their properties and navigations.
//! Names marked (I) are assumptions about WorkZone; README.md lists them all.

use super::settings::{FieldKind, Settings};

/// What a property holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// A code out of a register; has a `_Summary`.
    Code,
    /// The `ID` of a row of the named set; has a `_Summary`.
    Key(&'static str),
    /// A day.
    Date,
    /// An instant.
    Instant,
    /// A decimal number.
    Decimal,
    /// A whole number.
    Integer,
}

/// One property of an entity set.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Property name.
    pub(super) name: String,
    /// What it holds.
    pub(super) kind: Kind,
    /// Whether a create without it is refused.
    pub(super) mandatory: bool,
    /// Whether a client may write it.
    pub(super) writable: bool,
    /// Whether two rows may not share a value.
    pub(super) unique: bool,
    /// Longest text, in characters.
    pub(super) max_chars: Option<usize>,
}

/// A way from one row to others.
#[derive(Debug, Clone)]
pub(super) struct Navigation {
    /// Name after the slash.
    pub(super) name: String,
    /// Set it leads to.
    pub(super) target: String,
    /// `Many`: property of the target that names the row. `One`: property of the row that names the target.
    pub(super) through: Through,
}

/// Where the key of a navigation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Through {
    /// On each target row.
    Many(String),
    /// On the row itself.
    One(String),
}

/// A table of the service.
#[derive(Debug, Clone)]
pub(super) struct EntitySet {
    /// Name in URLs.
    pub(super) name: String,
    /// Properties beside the built-in ones.
    pub(super) fields: Vec<Field>,
    /// Ways to other rows.
    pub(super) navigations: Vec<Navigation>,
    /// Properties whose combination no other row may have.
    pub(super) unique_together: &'static [&'static str],
    /// Whether rows are made by a JSON POST.
    pub(super) creatable: bool,
}

/// Properties of each row, written by the server alone.
pub(super) const BUILT_IN: [&str; 7] =
    ["ID", "UserKey", "Summary", "Value", "EffectiveReadPermission", "EffectiveWritePermission", "Created"];

impl EntitySet {
    /// The field of that name.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// All properties that a read gives, in order.
    pub(super) fn properties(&self) -> impl Iterator<Item = String> {
        let own = self.fields.iter().flat_map(|field| [Some(field.name.clone()), field.summary_name()]);
        BUILT_IN.iter().map(|name| (*name).to_owned()).chain(own.flatten())
    }

    /// What the property holds; `None` when the set has no such property.
    pub(super) fn kind_of(&self, property: &str) -> Option<Kind> {
        if property == "Created" {
            return Some(Kind::Instant);
        }
        if let Some(field) = self.field(property) {
            return Some(field.kind.clone());
        }
        self.properties().any(|name| name == property).then_some(Kind::Text)
    }

    /// Name of the entity type in metadata and `__metadata`.
    pub(super) fn type_name(&self) -> String {
        format!("SOM.{}", self.name.strip_suffix('s').unwrap_or(&self.name))
    }
}

impl Field {
    /// `X_Summary` of `X_Value`.
    pub(super) fn summary_name(&self) -> Option<String> {
        Some(format!("{}_Summary", self.name.strip_suffix("_Value")?))
    }

    /// Whether look-ups by this property use an index.
    pub(super) fn indexed(&self) -> bool {
        self.unique || matches!(self.kind, Kind::Key(_)) || ["NameCode", "SHA256"].contains(&self.name.as_str())
    }
}

/// The whole service.
#[derive(Debug)]
pub(super) struct Model {
    sets: Vec<EntitySet>,
    custom_tables: Vec<String>,
}

impl Model {
    /// The standard sets plus what the installation added.
    pub(super) fn new(settings: &Settings) -> Model {
        let mut sets = standard_sets();
        for field in &settings.custom_fields {
            if let Some(set) = sets.iter_mut().find(|set| set.name == field.set) {
                set.fields.push(custom(&field.name, field.kind));
            }
        }
        for table in &settings.custom_tables {
            let mut fields = vec![key("FileKey_Value", "Files").must()];
            fields.extend(table.fields.iter().map(|(name, kind)| custom(name, *kind)));
            sets.push(entity_set(&table.name, fields));
            sets[0].navigations.push(many(&table.name, &table.name, "FileKey_Value"));
        }
        Model { sets, custom_tables: settings.custom_tables.iter().map(|table| table.name.clone()).collect() }
    }

    /// The set of that name.
    pub(super) fn set(&self, name: &str) -> Option<&EntitySet> {
        let name = if name == "Addresses" { "AddressMains" } else { name };
        self.sets.iter().find(|set| set.name == name)
    }

    /// All sets.
    pub(super) fn sets(&self) -> &[EntitySet] {
        &self.sets
    }

    /// Names of the sets that the installation added.
    pub(super) fn custom_tables(&self) -> &[String] {
        &self.custom_tables
    }
}

fn standard_sets() -> Vec<EntitySet> {
    vec![
        files(),
        records(),
        documents(),
        contacts(),
        addresses(),
        file_contacts(),
        record_contacts(),
        file_file(),
        file_date(),
        register_texts(),
    ]
}

fn files() -> EntitySet {
    let fields = vec![
        text("Title").must(),
        code("FileClass_Value").must(),
        code("SubNo_Value"),
        code("FileType_Value"),
        code("Officer_Value"),
        code("ResponsibleOU_Value"),
        code("State_Value"),
        text("Text"),
        code("AccessCode_Value"),
        text("FileNo").read_only(),
    ];
    entity_set("Files", fields).ways([
        many("Parties", "FileContacts", "FileKey_Value"),
        many("FileRefs", "FileFile", "FileKey_Value"),
        many("Dates", "FileDate", "FileKey_Value"),
        many("FileRecords", "Records", "FileKey_Value"),
    ])
}

fn records() -> EntitySet {
    let fields = vec![
        text("Title").must(),
        code("RecordType_Value").must(),
        code("State_Value").must(),
        code("RecordGrp_Value"),
        key("FileKey_Value", "Files"),         // (I)
        key("DocumentKey_Value", "Documents"), // (I)
        key("MainRecordKey_Value", "Records"), // (I) set on an annex
        code("AccessCode_Value"),
        date("LetterDate"), // (I)
    ];
    entity_set("Records", fields).ways([
        many("Parties", "RecordContacts", "RecordKey_Value"), // (I)
        many("Annexes", "Records", "MainRecordKey_Value"),    // (I)
        one("Document", "Documents", "DocumentKey_Value"),
        one("File", "Files", "FileKey_Value"),
    ])
}

fn documents() -> EntitySet {
    let fields = vec![
        text("FileName").read_only(),    // (I)
        text("ContentType").read_only(), // (I)
        integer("Size").read_only(),     // (I)
        code("State_Value").read_only(),
        text("ArchiveID").read_only(),
    ];
    EntitySet { creatable: false, ..entity_set("Documents", fields) }
}

fn contacts() -> EntitySet {
    let fields = vec![
        code("NameType_Value").must().longest(1),
        text("NameCode").must(),
        text("Name1").must().longest(150),
        date("StartDate"),
        date("EndDate"),
        code("AccessCode_Value"),
    ];
    let ways =
        [many("Addresses", "AddressMains", "NameKey_Value"), many("FileContacts", "FileContacts", "NameKey_Value")];
    EntitySet { unique_together: &["NameType_Value", "NameCode"], ..entity_set("Contacts", fields).ways(ways) }
}

fn addresses() -> EntitySet {
    let fields = vec![
        key("NameKey_Value", "Contacts").must(), // (I)
        text("Address1").longest(150),
        text("Postcode"),
        text("Country"),
        text("Phone"),
        text("Email"),
    ];
    entity_set("AddressMains", fields)
}

fn file_contacts() -> EntitySet {
    let fields = vec![
        key("FileKey_Value", "Files").must(),
        key("NameKey_Value", "Contacts").must(),
        code("CustomLabel_Value").must(),
        key("AddressKey_Value", "AddressMains"),
        text("Name"),
    ];
    entity_set("FileContacts", fields)
}

fn record_contacts() -> EntitySet {
    // (I) the whole set
    let fields = vec![
        key("RecordKey_Value", "Records").must(),
        key("NameKey_Value", "Contacts").must(),
        code("CustomLabel_Value").must(),
    ];
    entity_set("RecordContacts", fields)
}

fn file_file() -> EntitySet {
    let fields = vec![
        key("FileKey_Value", "Files").must(),
        key("FileRefKey_Value", "Files").must(),
        code("CustomLabel_Value").must(),
    ];
    entity_set("FileFile", fields)
}

fn file_date() -> EntitySet {
    let fields = vec![key("FileKey_Value", "Files").must(), code("CustomLabel_Value").must(), date("DateStamp").must()];
    entity_set("FileDate", fields)
}

fn register_texts() -> EntitySet {
    let fields = ["Register", "Code", "Text"].map(|name| text(name).read_only()).to_vec(); // (I)
    EntitySet { creatable: false, ..entity_set("RegisterTexts", fields) }
}

fn entity_set(name: &str, fields: Vec<Field>) -> EntitySet {
    EntitySet { name: name.to_owned(), fields, navigations: Vec::new(), unique_together: &[], creatable: true }
}

impl EntitySet {
    fn ways<const COUNT: usize>(mut self, navigations: [Navigation; COUNT]) -> EntitySet {
        self.navigations.extend(navigations);
        self
    }
}

fn many(name: &str, target: &str, property: &str) -> Navigation {
    Navigation { name: name.to_owned(), target: target.to_owned(), through: Through::Many(property.to_owned()) }
}

fn one(name: &str, target: &str, property: &str) -> Navigation {
    Navigation { name: name.to_owned(), target: target.to_owned(), through: Through::One(property.to_owned()) }
}

fn field(name: &str, kind: Kind) -> Field {
    Field { name: name.to_owned(), kind, mandatory: false, writable: true, unique: false, max_chars: None }
}

fn text(name: &str) -> Field {
    field(name, Kind::Text)
}

fn code(name: &str) -> Field {
    field(name, Kind::Code)
}

fn key(name: &str, target: &'static str) -> Field {
    field(name, Kind::Key(target))
}

fn date(name: &str) -> Field {
    field(name, Kind::Date)
}

fn integer(name: &str) -> Field {
    field(name, Kind::Integer)
}

fn custom(name: &str, kind: FieldKind) -> Field {
    match kind {
        FieldKind::Text => text(name),
        FieldKind::Unique => Field { unique: true, ..text(name) },
        FieldKind::Date => date(name),
        FieldKind::Decimal => field(name, Kind::Decimal),
        FieldKind::Integer => integer(name),
    }
}

impl Field {
    fn must(self) -> Field {
        Field { mandatory: true, ..self }
    }

    fn read_only(self) -> Field {
        Field { writable: false, ..self }
    }

    fn longest(self, chars: usize) -> Field {
        Field { max_chars: Some(chars), ..self }
    }
}
