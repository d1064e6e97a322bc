//! Which stories there are. Each is named after its folder in `examples/`.

use super::{Children, Manner, Stage, Told};
use super::{building_permit, interact, sd_and_prisme, trigger_external_api, workflow_execute};
use anyhow::Result;
use clap::ValueEnum;

/// A ready flow, shown against simulated targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Story {
    /// `XFlow` -> `WorkZone`: submissions become cases while a connector is swapped and the host is killed.
    BuildingPermit,
    /// `WorkZone` Interact -> `WorkZone`: forms become cases or error cases, and Interact hears of it.
    Interact,
    /// `XFlow` -> SD Løn and Prisme: files for two systems out of one answer, and mileage, while the host is killed.
    SdAndPrisme,
    /// `CXone` Workflow Execute: a caller is looked up, and gets a contact and a case.
    WorkflowExecute,
    /// Enate's Trigger External API: an action is handed over, and the answer comes later.
    TriggerExternalApi,
}

impl Story {
    /// In the order in which they are shown.
    pub(crate) const ALL: [Self; 5] =
        [Self::BuildingPermit, Self::Interact, Self::SdAndPrisme, Self::WorkflowExecute, Self::TriggerExternalApi];

    /// As it is written on the command line, and as its folder is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BuildingPermit => building_permit::EXAMPLE,
            Self::Interact => interact::EXAMPLE,
            Self::WorkflowExecute => workflow_execute::EXAMPLE,
            Self::TriggerExternalApi => trigger_external_api::EXAMPLE,
            Self::SdAndPrisme => sd_and_prisme::EXAMPLE,
        }
    }

    /// The connectors that it needs, by the names of their folders.
    pub(super) fn connectors(self) -> &'static [&'static str] {
        match self {
            Self::BuildingPermit => &["workzone"],
            Self::Interact => &["interact", "workzone"],
            Self::WorkflowExecute => &["crm-workflow"],
            Self::TriggerExternalApi => &["external-api"],
            Self::SdAndPrisme => &["xflow", "sd-loen", "prisme"],
        }
    }

    pub(super) async fn tell(self, stage: &Stage<'_>, manner: Manner, children: &mut Children) -> Result<Told> {
        match self {
            Self::BuildingPermit => building_permit::tell(stage, manner, children).await,
            Self::Interact => interact::tell(stage, manner, children).await,
            Self::WorkflowExecute => workflow_execute::tell(stage, manner, children).await,
            Self::TriggerExternalApi => trigger_external_api::tell(stage, manner, children).await,
            Self::SdAndPrisme => sd_and_prisme::tell(stage, manner, children).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::root;

    #[test]
    fn stories_are_named_after_their_examples() {
        for story in Story::ALL {
            let written = story.to_possible_value().unwrap();
            assert_eq!(written.get_name(), story.name());
            assert!(root().join("examples").join(story.name()).join("flow.toml").is_file(), "{story:?}");
        }
        assert_eq!(Story::ALL.as_slice(), Story::value_variants());
    }

    #[test]
    fn each_example_shows_a_picture_of_its_timeline() {
        for story in Story::ALL {
            let readme = std::fs::read_to_string(root().join("examples").join(story.name()).join("README.md")).unwrap();
            let picture = format!("docs/timelines/{}.svg", story.name());
            assert!(readme.contains(&format!("](../../{picture})")), "examples/{} shows no {picture}", story.name());
            let drawn = std::fs::read_to_string(root().join(&picture)).unwrap();
            assert!(drawn.contains("in all") && drawn.contains("<rect"), "{picture} shows no run");
        }
    }
}
