"""What the service counts, in one registry of its own, served at /metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 20)


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.polls = Counter("monitor_polls", "polls by outcome", ["outcome"], registry=registry)
        self.parses = Counter("monitor_parses", "feed documents parsed", registry=registry)
        self.stories = Counter("monitor_stories", "stories stored, by kind", ["kind"], registry=registry)
        self.matched = Counter("monitor_stories_matched", "stories run against the rules", registry=registry)
        self.candidates = Counter("monitor_rule_candidates", "rules evaluated", registry=registry)
        self.rule_failures = Counter(
            "monitor_rule_failures", "rules that failed on a story", ["rule"], registry=registry
        )
        self.hits = Counter("monitor_hits", "hits stored, by decision", ["decision"], registry=registry)
        self.deliveries = Counter("monitor_deliveries", "attempts by outcome", ["outcome"], registry=registry)
        self.enqueued = Counter(
            "monitor_enqueued", "hits handed to subscriptions, by result", ["result"], registry=registry
        )
        self.digests = Counter("monitor_digests", "runs of digests, by result", ["result"], registry=registry)
        self.dead = Counter("monitor_dead_letters", "messages given up on, by stream", ["stream"], registry=registry)
        self.seconds = Histogram("monitor_step_seconds", "time by step", ["step"], buckets=_SECONDS, registry=registry)
        self.store_errors = Counter("monitor_store_errors", "commands that the store did not answer", registry=registry)
        self.feeds = Gauge("monitor_feeds", "feeds by health", ["health"], registry=registry)
        self.subscriptions = Gauge("monitor_subscriptions", "subscriptions by state", ["state"], registry=registry)
        self.backlog = Gauge("monitor_backlog", "messages waiting, by stream", ["stream"], registry=registry)
        self.store_memory = Gauge(
            "monitor_store_memory_ratio", "used share of the store's maxmemory", registry=registry
        )
        self.rules = Gauge("monitor_rules", "rules that take part in matching", registry=registry)
        self.disk_free = Gauge("monitor_disk_free_bytes", "free space in the data dir's file system", registry=registry)

    def expose(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
