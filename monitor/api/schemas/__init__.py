"""Bodies and answers of the API. Times are RFC 3339 in UTC; unknown fields of a body are refused."""
