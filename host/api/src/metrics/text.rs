//! Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;

use sluse_model::Histogram;

use super::names::{Kind, Metric};

/// What is sent as `Content-Type`.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A label, and what it says.
pub(super) type Label<'a> = (&'static str, &'a str);

/// Metrics as text, one after the other.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a metric; its samples follow.
    pub(super) fn metric(&mut self, Metric(name, kind, help): Metric) -> Samples<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
        Samples { text: self, name }
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Nothing is written into a text that could fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn sample(&mut self, name: &str, suffix: &str, labels: &[Label<'_>], value: f64) {
        let _ = write!(self.0, "{name}{suffix}");
        for (number, (label, said)) in labels.iter().enumerate() {
            let before = if number == 0 { "{" } else { "," };
            let said = said.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{before}{label}=\"{said}\"");
        }
        let after = if labels.is_empty() { "" } else { "}" };
        self.line(format_args!("{after} {value}"));
    }
}

/// The samples of a metric.
#[derive(Debug)]
pub(super) struct Samples<'a> {
    text: &'a mut Text,
    name: &'static str,
}

impl Samples<'_> {
    pub(super) fn value(&mut self, labels: &[Label<'_>], value: f64) {
        self.text.sample(self.name, "", labels, value);
    }

    pub(super) fn count(&mut self, labels: &[Label<'_>], count: u64) {
        self.value(labels, count as f64);
    }

    pub(super) fn flag(&mut self, labels: &[Label<'_>], is_so: bool) {
        self.value(labels, f64::from(u8::from(is_so)));
    }

    pub(super) fn histogram(&mut self, labels: &[Label<'_>], histogram: &Histogram) {
        let mut bucket = |bound: &str, count: u64| {
            let labels: Vec<_> = labels.iter().copied().chain([("le", bound)]).collect();
            self.text.sample(self.name, "_bucket", &labels, count as f64);
        };
        for (bound, count) in histogram.buckets() {
            bucket(&bound.to_string(), count);
        }
        bucket("+Inf", histogram.count());
        self.text.sample(self.name, "_sum", labels, histogram.sum());
        self.text.sample(self.name, "_count", labels, histogram.count() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_written_as_prometheus_reads_it() {
        let mut text = Text::default();
        let mut samples = text.metric(Metric("a_total", Kind::Counter, "How many."));
        samples.count(&[], 3);
        samples.count(&[("x", "one"), ("y", "a\\b\"c\nd")], 1_000_000_000);
        let mut histogram = Histogram::new(&[0.005, 1.0]);
        histogram.observe(0.5);
        histogram.observe(7.0);
        text.metric(Metric("b_seconds", Kind::Histogram, "How long.")).histogram(&[("x", "one")], &histogram);
        let expected = r#"# HELP a_total How many.
# TYPE a_total counter
a_total 3
a_total{x="one",y="a\\b\"c\nd"} 1000000000
# HELP b_seconds How long.
# TYPE b_seconds histogram
b_seconds_bucket{x="one",le="0.005"} 0
b_seconds_bucket{x="one",le="1"} 1
b_seconds_bucket{x="one",le="+Inf"} 2
b_seconds_sum{x="one"} 7.5
b_seconds_count{x="one"} 2
"#;
        assert_eq!(text.into_string(), expected);
    }
}
