"""What the service talks about: frozen records, one type per stage of a thing's life.

    FeedConfig + FeedState -> ClaimedFeed -> FetchResult -> ParsedFeed -> IngestIntent -> Story
    Rule (versioned) x Story -> Hit -> Delivery (with every Attempt)

Times are integer milliseconds since the epoch, UTC. Spans are half-open code-point offsets into the
stored plain text of the named field. No record here does I/O or reads a clock.
"""
